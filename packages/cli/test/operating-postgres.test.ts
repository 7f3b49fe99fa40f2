import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { aRun, coffer, file, folder } from './command.ts'
import { at, database, expectNoSecret } from './database.ts'
import { projectFile } from './project.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

describe('a store on PostgreSQL', () => {
  test('is made by init, which writes no password into a file', async () => {
    const first = await coffer(['init', ...at('made')])
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(plain(first.out)).toContain('set COFFER_STORE to its address')
    expect(existsSync(join(folder, 'coffer.config.json'))).toBe(false)
    const again = await coffer(['init', ...at('made')], { more: { COFFER_DEBUG: '1' } })
    expect(again.out).toContain('nothing to do')
    for (const result of [first, again]) expectNoSecret(result)
  })

  test('tells its status, migrates, shows the statements and cleans up, without a password', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at('operated')])
    const config = ['--config', projectFile(undefined, 'own.config.ts'), ...at('operated')]
    const verified = await coffer(['migrate', '--verify', ...config])
    expect(verified.code).toBe(1)
    const statements = await coffer(['migrate', '--sql', ...config])
    expect(statements.code).toBe(0)
    expect(statements.out).toMatch(/-- things\n(.|\n)*create table (.|\n)*;\n/i)
    const migrated = await coffer(['migrate', ...config])
    expect(migrated).toMatchObject({ code: 0, err: '' })
    const results = [verified, statements, migrated]
    for (const command of [['status'], ['status', '--json'], ['cleanup'], ['cleanup', '--dry-run'], ['ls']]) {
      const result = await coffer([...command, ...config], { more: { COFFER_DEBUG: '1' } })
      expect({ command, code: result.code, err: result.err }).toEqual({ command, code: 0, err: '' })
      results.push(result)
    }
    for (const result of results) expectNoSecret(result)
    const { store, backend } = JSON.parse(results[4]?.out ?? '')
    expect({ store, backend }).toEqual({
      store: `postgresql://${new URL(database.url).host}${new URL(database.url).pathname}?schema=operated`,
      backend: 'postgresql',
    })
  })

  test('that is not there is told by commands that operate one', async () => {
    for (const command of [['status'], ['migrate'], ['cleanup'], ['ls']]) {
      const { code, out, err } = await coffer([...command, ...at('never')])
      expect({ command, code, out }).toEqual({ command, code: 1, out: '' })
      expect(plain(err)).toContain('coffer init makes')
    }
  })
})

describe('init --create-database', () => {
  test('leaves a database that is there, and makes the store in it', async () => {
    const command = ['init', '--create-database', ...at('there'), '--json']
    const { code, out } = await coffer(command)
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, database: false, config: null })
  })

  test('is told of where the database is missing, and tells who may not make it', async () => {
    const address = new URL(database.url)
    address.pathname = '/not_made'
    const without = await coffer(['init', '--store', address.href])
    expect(without).toMatchObject({ code: 2, out: '' })
    expect(plain(without.err)).toContain('coffer init --create-database makes it')
    const refused = await coffer(['init', '--create-database', '--store', address.href])
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toContain('(42501)')
    for (const result of [without, refused]) expectNoSecret(result)
  })

  test('shows no password that is wrong', async () => {
    const address = new URL(database.url)
    address.password = 'canary-7f3a'
    const { code, out, err } = await coffer(['init', '--create-database', '--store', address.href])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).not.toContain('canary-7f3a')
  })

  test('is for PostgreSQL', async () => {
    expect((await coffer(['init', '--create-database', '--store', 'agents.db'])).code).toBe(2)
  })
})
