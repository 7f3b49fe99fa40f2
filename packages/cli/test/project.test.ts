import { describe, expect, test } from 'vitest'
import { AT, coffer, cofferProcess, file } from './command.ts'
import { DEFINITIONS, projectFile } from './project.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

describe('a config file', () => {
  test('defines collections and logs, whatever names the store', async () => {
    projectFile()
    await coffer(['init', ...AT])
    const { code, out } = await cofferProcess(['ls', ...AT])
    expect(code).toBe(0)
    expect(out).toMatch(/\nthings +collection +0/)
    expect(out).toMatch(/\nsteps +log +0 +in 0 streams/)
    expect((await coffer(['verify', '--only', 'steps', ...AT])).code).toBe(0)
    expect((await coffer(['count', 'things'], { more: { COFFER_STORE: 'agents.db' } })).out).toBe('0\n')
  })

  test('defines modules, and names the store as well', async () => {
    const modules = `
export const modules = { mine: defineModule({ collections: { things }, logs: { steps }, methods: () => ({}) }) }
export default { type: 'sqlite', path: 'mine.db' }
`
    projectFile(DEFINITIONS.replace(/export const collections[\s\S]*/, '') + modules, 'mine.config.ts')
    const config = ['--config', 'mine.config.ts']
    expect((await coffer(['init', ...config])).out).toContain('sqlite:mine.db')
    expect((await coffer(['ls', ...config])).out).toMatch(/\nthings +collection/)
    expect((await coffer(['count', 'things', '--store', 'mine.config.ts'])).out).toBe('0\n')
  })

  test.each([
    ['a collection of the agent stores', DEFINITIONS.replace("'things'", "'sessions'"), "defines 'sessions'"],
    [
      'heads of a log',
      DEFINITIONS.replace("name: 'things'", "name: 'steps_heads'"),
      "defines 'steps_heads' twice",
    ],
    ['no array', 'export const collections = { a: 1 }', "'collections' must be an array"],
    ['something else', "export const logs = ['a']", "'logs' must be an array of what defineLog answers"],
    ['no module', 'export const modules = { a: {} }', "'modules' must be modules by name"],
    ['nothing', 'export const other = 1', 'must export'],
    [
      'a module of the agent stores',
      'export const modules = { trust: defineModule({ methods: () => ({}) }) }',
      "'trust'",
    ],
    ['what throws', "throw new Error('no: postgres://me:canary-7f3a@db/x')", "can't be loaded"],
  ])('with %s is refused', async (_what, text, sentence) => {
    projectFile(text)
    const { code, out, err } = await coffer(['ls', ...AT])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(plain(err)).toContain(sentence)
    expect(err).not.toContain('canary-7f3a')
  })

  test('beside another is refused', async () => {
    projectFile()
    file('coffer.config.json', [{ type: 'memory' }])
    const { code, err } = await coffer(['ls', ...AT])
    expect(code).toBe(2)
    expect(plain(err)).toContain('coffer.config.json and coffer.config.ts are both here')
  })

  test('that two options name is refused', async () => {
    const one = file('one.json', [{ type: 'memory' }])
    const { code, err } = await coffer(['ls', '--store', one, '--config', one])
    expect(code).toBe(2)
    expect(plain(err)).toContain('--config another')
  })
})

describe('where the store is', () => {
  const missing = async (options: readonly string[], more: NodeJS.ProcessEnv) =>
    /no such store: (\w+)\.db/.exec(
      plain((await coffer(['count', 'sessions', ...options], { more })).err),
    )?.[1]

  test('is said by --store, COFFER_STORE, the config file and the variables, in this order', async () => {
    const variables = { DATABASE_URL: 'sqlite:./variable.db' }
    expect(await missing([], variables)).toBe(undefined)
    expect(plain((await coffer(['ls'], { more: variables })).err)).toContain('no such store: ./variable.db')
    file('coffer.config.json', [{ type: 'sqlite', path: 'file.db' }])
    expect(await missing([], variables)).toBe('file')
    const both = { ...variables, COFFER_STORE: 'named.db' }
    expect(await missing([], both)).toBe('named')
    expect(await missing(['--store', 'option.db'], both)).toBe('option')
  })

  test('is told by no variable that is empty', async () => {
    const more = { COFFER_STORE: '', DATABASE_URL: '' }
    expect(plain((await coffer(['ls'], { more })).err)).toContain('which store?')
  })

  test('shows no password of a variable that is wrong', async () => {
    const more = { DATABASE_URL: 'mysql://root:canary-7f3a@localhost/x' }
    const { code, out, err } = await coffer(['ls'], { more })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('DATABASE_URL')
    expect(err).not.toContain('canary-7f3a')
  })
})
