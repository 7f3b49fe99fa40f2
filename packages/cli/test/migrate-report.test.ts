import { expect, test } from 'vitest'
import { AT, coffer, file } from './command.ts'
import { DEFINITIONS, projectFile } from './project.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

/** Definitions that have another index. */
const CHANGED = DEFINITIONS.replace("{ count: 'index' }", "{ count: 'index', text: 'index' }")

/** A store of the definitions with so many things. @returns the options for a program with the changed ones */
async function outdated(store: readonly string[], things: number): Promise<string[]> {
  projectFile()
  await coffer(['init', ...store])
  const lines = Array.from({ length: things }, (_none, key) => ({ key: `${key}`, text: 'x' }))
  await coffer(['import', file('things.jsonl', lines), '--into', 'things', ...store])
  return ['--config', projectFile(CHANGED, 'changed.config.ts'), ...store]
}

test('what was rewritten is told with its number, and empty collections are not', async () => {
  const { code, out } = await coffer(['migrate', '--rewrite', ...(await outdated(AT, 1_100))])
  expect(code).toBe(0)
  expect(out).toContain('\nthings: 1,100 records looked at, 1,100 written anew\n')
  expect(out).not.toContain(' 0 records')
})

test('a backend without statements says so as a comment, and what to say instead', async () => {
  const config = await outdated(['--store', 'file:./data'], 1)
  const { code, out } = await coffer(['migrate', '--sql', ...config])
  expect({ code, out }).toEqual({
    code: 0,
    out: '-- there are no statements for this: coffer migrate --dry-run shows the steps\n',
  })
})

test('a command that needs other tables says so without words for programs', async () => {
  const { code, err } = await coffer(['ls', 'things', ...(await outdated(AT, 1))])
  expect(code).toBe(1)
  expect(plain(err)).toContain('for things; coffer init makes a store, coffer migrate brings one up to date')
})

test('an interrupted migration says how it goes on', async () => {
  const config = await outdated(AT, 1)
  const before = process.listenerCount('SIGINT')
  const running = coffer(['migrate', ...config])
  while (process.listenerCount('SIGINT') === before) await new Promise(setImmediate)
  process.emit('SIGINT')
  const { code, err } = await running
  expect({ code, err: plain(err) }).toEqual({
    code: 130,
    err: 'coffer: interrupted; what is done stays done: run it again for the rest ',
  })
})
