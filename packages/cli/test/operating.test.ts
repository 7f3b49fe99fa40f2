import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createAgentStore } from '@coffer/agents'
import { copy } from '@coffer/backup'
import { type CollectionDefinition, createStore } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import { AT, aRun, coffer, cofferProcess, file, folder } from './command.ts'
import { DEFINITIONS, projectFile } from './project.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

/** The places that stay when a command ends. */
const PLACES = [
  ['a directory', 'file:./data'],
  ['SQLite', 'sqlite:./agents.db'],
] as const

/** The same definitions at a later time. */
const NEWER = DEFINITIONS.replace(
  "  key: 'key',",
  "  key: 'key',\n  version: 2,\n  upgrade: { 1: (old) => old },",
)

describe.each(PLACES)('a store in %s', (_name, address) => {
  const at = ['--store', address]

  test('is made by init, with all tables; again there is nothing to do', async () => {
    projectFile()
    const first = await coffer(['init', ...at, '--json'])
    expect(first).toMatchObject({ code: 0, err: '' })
    const { made } = JSON.parse(first.out)
    expect(made).toEqual(expect.arrayContaining(['sessions', 'things', 'steps', 'steps_heads']))
    const again = await coffer(['init', ...at])
    expect(again).toMatchObject({ code: 0, err: '' })
    expect(again.out).toContain('nothing to do')
    expect(await coffer(['migrate', '--verify', ...at])).toMatchObject({ code: 0, err: '' })
  })

  test('tells its status', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    const { code, out, err } = await coffer(['status', ...at])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(address)
    expect(out).toMatch(/durability +power/)
    expect(out).toMatch(/trace_events +log +5 +0 +0 /)
    expect(out).toContain('the tables are as they should be')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const status = JSON.parse((await coffer(['status', ...at, '--json'])).out)
    expect(status).toMatchObject({ store: address, cache: null, copy: null, unknown: [], migration: [] })
    expect(status.tables).toContainEqual(
      expect.objectContaining({ name: 'sessions', kind: 'collection', rows: 1, is_estimate: false }),
    )
  })

  test('is migrated to what the config file defines, and only then', async () => {
    await coffer(['init', ...at])
    const config = ['--config', projectFile(DEFINITIONS, 'own.config.ts'), ...at]
    const before = await coffer(['migrate', '--verify', ...config])
    expect(before.code).toBe(1)
    expect(before.out).toContain('things\n  makes the collection')
    expect((await coffer(['migrate', '--dry-run', ...config])).code).toBe(0)
    expect((await coffer(['ls', ...config])).out).toMatch(/things +collection +- +no table: coffer migrate/)
    const { code, out } = await coffer(['migrate', ...config])
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('done: 3 steps in ') })
    expect((await coffer(['migrate', '--verify', ...config])).code).toBe(0)
    expect((await coffer(['ls', ...config])).out).toMatch(/things +collection +0/)
  })

  test('has its records written anew for another version of their definition', async () => {
    projectFile()
    await coffer(['import', file('in.jsonl', ['{"key":"a","text":"x"}']), '--into', 'things', ...at])
    const changed = DEFINITIONS.replace(
      "fields: { count: 'index' },",
      "fields: { count: 'index', text: 'index' },",
    )
    projectFile(changed, 'other.config.ts')
    const config = ['--config', 'other.config.ts', ...at]
    const plan = JSON.parse((await coffer(['migrate', '--dry-run', '--json', ...config])).out)
    expect(plan).toMatchObject({ ok: false, applied: false })
    expect(plan.steps.map(({ change }: { change: string }) => change)).toContain('rewrite')
    const { code, out } = await coffer(['migrate', '--json', ...config])
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 0,
      ok: true,
      applied: true,
      rewritten: [{ collection: 'things', seen: 1 }],
    })
    expect((await coffer(['count', 'things', '--where', 'text=x', ...config])).out).toBe('1\n')
    expect((await coffer(['migrate', '--rewrite', ...config])).out).toContain('things: 1 record looked at')
  })

  test('of another form, or of a newer version, is left as it is', async () => {
    await coffer(['init', ...at, '--config', projectFile(NEWER, 'newer.config.ts')])
    const older = ['--config', projectFile(DEFINITIONS, 'older.config.ts'), ...at]
    const verified = await coffer(['migrate', '--verify', ...older])
    expect(verified.code).toBe(1)
    expect(verified.out).toContain('use the newer release')
    expect((await coffer(['migrate', ...older])).code).toBe(1)
    const { code, err } = await coffer(['cleanup', ...older])
    expect({ code, err: plain(err) }).toMatchObject({
      code: 1,
      err: expect.stringContaining('coffer migrate'),
    })
  })

  test('is not made by a command that operates one', async () => {
    for (const command of [['status'], ['migrate'], ['migrate', '--verify'], ['cleanup']]) {
      const { code, out, err } = await coffer([...command, ...at])
      expect({ command, code, out }).toEqual({ command, code: 2, out: '' })
      expect(err).toContain('coffer init makes one')
    }
    expect(existsSync(join(folder, 'data'))).toBe(false)
    expect(existsSync(join(folder, 'agents.db'))).toBe(false)
  })

  test.each([
    'status',
    'doctor',
    'health',
    'health --write',
    'verify',
    'ls',
    'migrate',
    'migrate --dry-run',
    'migrate --sql',
    'cleanup',
    'cleanup --dry-run',
    'backup --out backups',
  ])('is not made by %s in an empty directory, nor in an empty file', async (command) => {
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'agents.db'), '')
    const before = readdirSync(folder, { recursive: true }).sort()
    const { code, out, err } = await coffer([...command.split(' '), ...at])
    expect(code).toBe(1)
    expect(plain(out + err)).toContain('coffer init makes one')
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before)
    expect(statSync(join(folder, 'agents.db')).size).toBe(0)
  })

  test('names what nobody defines, and leaves it alone', async () => {
    projectFile()
    await coffer(['import', file('in.jsonl', ['{"key":"a","text":"x"}']), '--into', 'things', ...at])
    file('empty.json', [{ type: 'memory' }])
    const others = ['--config', 'empty.json', ...at]
    expect((await coffer(['ls', ...others])).out).toMatch(/things +unknown +1 +not defined here/)
    expect(JSON.parse((await coffer(['status', '--json', ...others])).out).unknown).toContain('things')
    const migrated = await coffer(['migrate', ...others])
    expect(plain(migrated.out)).toContain('left as they are, for nobody defines them: steps, ')
    const cleaned = await coffer(['cleanup', ...others])
    expect(cleaned.out).toContain('not looked at, for nobody defines them: steps, steps_heads, things')
    expect((await coffer(['count', 'things', ...at])).out).toBe('1\n')
  })
})

test('a table that is missing is told by a command that reads it', async () => {
  await coffer(['init', ...AT])
  const config = ['--config', projectFile(DEFINITIONS, 'own.config.ts'), ...AT]
  const { code, out, err } = await coffer(['count', 'things', ...config])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(plain(err)).toContain('coffer migrate brings one up to date')
})

describe('coffer cleanup', () => {
  async function fill(): Promise<void> {
    const text = `
const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), until: z.string().optional() }),
  key: 'id',
  expiresAt: 'until',
  softDelete: true,
})
export const collections = [notes]
`
    const { href } = pathToFileURL(join(folder, projectFile(text)))
    const [notes]: CollectionDefinition<{ id: string; until?: string }>[] = (await import(href)).collections
    if (notes === undefined) throw new Error('no collection is defined')
    await coffer(['init', ...AT])
    const old = { now: () => Date.parse('2020-01-01T00:00:00Z') }
    await using store = createStore({ type: 'sqlite', path: 'agents.db', clock: old })
    for (const tenant of ['one', 'two']) {
      const collection = store.tenant(tenant).collection(notes)
      await collection.putMany([
        { id: 'expired', until: '2020-01-02T00:00:00Z' },
        { id: 'later', until: '9999-01-01T00:00:00Z' },
        { id: 'deleted' },
        { id: 'kept' },
      ])
      await collection.delete('deleted')
    }
  }

  test.each([
    ['expired records of all tenants', [], 2, 0],
    ['expired records of one tenant', ['--tenant', 'one'], 1, 0],
    ['soft-deleted records, too', ['--purge-deleted', '30d'], 2, 2],
    ['only old ones of them', ['--purge-deleted', '9000w'], 2, 0],
  ])('removes %s, as many as it counts before', async (_what, options, expired, deleted) => {
    await fill()
    const command = ['cleanup', ...options, ...AT, '--json']
    const expected = { unknown: [], collections: [{ collection: 'notes', expired, deleted }] }
    const dry = await coffer([...command, '--dry-run'])
    expect({ code: dry.code, ...JSON.parse(dry.out) }).toMatchObject({ code: 0, dry_run: true, ...expected })
    const { code, out } = await coffer(command)
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, dry_run: false, ...expected })
    expect(JSON.parse((await coffer(command)).out).collections).toEqual([])
  })

  test('leaves to status what is live, expired and deleted, before and after', async () => {
    await fill()
    const notes = async (...flags: string[]) => {
      const { tables } = JSON.parse((await coffer(['status', ...flags, ...AT, '--json'])).out)
      return tables.find(({ name }: { name: string }) => name === 'notes')
    }
    const before = { rows: 8, live: 4, expired: 2, deleted: 2, is_estimate: false }
    expect(await notes()).toMatchObject({ ...before, counted_to: 10_000 })
    expect(await notes('--exact')).toMatchObject({ ...before, counted_to: null })
    expect((await coffer(['status', ...AT])).out).toMatch(/notes +collection +4 +2 +2 /)
    await coffer(['cleanup', ...AT])
    expect(await notes()).toMatchObject({ rows: 6, live: 4, expired: 0, deleted: 2 })
  })

  test('removes keys of transactions that happened once, and tells how many', async () => {
    await coffer(['init', ...AT])
    const old = { now: () => Date.parse('2020-01-01T00:00:00Z') }
    const store = createStore({ type: 'sqlite', path: 'agents.db', clock: old })
    for (const idempotencyKey of ['a', 'b']) await store.transaction(async () => 1, { idempotencyKey })
    await store.close()
    expect((await coffer(['status', ...AT])).out).toMatch(/coffer_idempotency_keys +internal +0 +2 +0 /)
    for (const [flags, done] of [
      [['--dry-run'], '2 records would be removed'],
      [[], '2 records removed'],
      [[], '0 records removed'],
    ] as const) {
      const { code, out } = await coffer(['cleanup', ...flags, ...AT])
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(done) })
      expect(out.includes('coffer_idempotency_keys: 2 expired records')).toBe(!done.startsWith('0'))
    }
  })

  test('tells an age that is none', async () => {
    const { code, err } = await coffer(['cleanup', '--purge-deleted', 'long', ...AT])
    expect(code).toBe(2)
    expect(err).toContain('such as 30d')
  })
})

describe('coffer init', () => {
  test('notes a store without a password, so that commands find it', async () => {
    const { out } = await cofferProcess(['init', ...AT])
    expect(out).toContain('noted it in coffer.config.json')
    expect(JSON.parse(readFileSync(join(folder, 'coffer.config.json'), 'utf8'))).toEqual({
      type: 'sqlite',
      path: 'agents.db',
    })
    expect((await coffer(['count', 'sessions'])).out).toBe('0\n')
  })

  test('leaves a config file as it is, and notes nothing that a variable names', async () => {
    await coffer(['init'], { more: { COFFER_STORE: 'agents.db' } })
    expect(existsSync(join(folder, 'coffer.config.json'))).toBe(false)
    projectFile()
    await coffer(['init', ...AT])
    expect(existsSync(join(folder, 'coffer.config.json'))).toBe(false)
  })

  test('leaves tables of another form to migrate', async () => {
    projectFile()
    await coffer(['init', ...AT])
    projectFile(
      DEFINITIONS.replace("fields: { count: 'index' },", "fields: { text: 'index' },"),
      'other.config.ts',
    )
    const { code, err } = await coffer(['init', '--config', 'other.config.ts', ...AT])
    expect(code).toBe(1)
    expect(plain(err)).toContain('coffer migrate --dry-run')
  })

  test('makes nothing in memory', async () => {
    expect((await coffer(['init', '--store', 'memory:'])).code).toBe(2)
  })
})

test('status tells of a copy that was not finished', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
  const interruption = new AbortController()
  await using source = createStore({ type: 'sqlite', path: 'agents.db', readOnly: true })
  {
    await using target = createStore({ type: 'sqlite', path: 'target.db' })
    const copying = copy(source, target, {
      signal: interruption.signal,
      onProgress: () => interruption.abort(),
    })
    await expect(copying).rejects.toMatchObject({ code: 'ABORTED' })
  }
  const { out } = await coffer(['status', '--store', 'target.db'])
  expect(plain(out)).toContain('begun and not finished: run coffer copy again')
})

test('status tells of a cache', async () => {
  await using store = createAgentStore({ type: 'sqlite', path: 'agents.db' })
  await store.open()
  file('coffer.config.json', [{ type: 'sqlite', path: 'agents.db', cache: { ttlMs: 1_000, maxEntries: 10 } }])
  expect((await coffer(['status'])).out).toMatch(/cache +\{"ttlMs":1000,"maxEntries":10\}/)
})
