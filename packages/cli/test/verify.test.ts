import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AgentStore, createAgentStore } from '@coffer/agents'
import { createStore } from '@coffer/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { aRun, coffer, file, folder } from './command.ts'
import { projectFile } from './project.ts'
import { fileTampering, sqliteTampering } from './tampering.ts'

const provenance = { task_id: 't', step_id: 's', timestamp: new Date(0) }

/** Something of every log, and of a collection that keeps hashes and one that keeps none. */
async function fill({ audit, memories, chil: { verification } }: AgentStore): Promise<void> {
  for (const n of [1, 2, 3]) await audit.append('alice', 'count', n - 1, n, { id: `e${n}` })
  for (const request_id of ['r1', 'r2', 'r3']) {
    const request = { request_id, client_id: 'c', content: '', content_type: 'text', frameworks: ['f'] }
    await verification.createVerificationRequest(request)
  }
  await memories.storeEntry({ id: 'm1', type: 'artifact', content: 'red apples', provenance })
}

const SOUND = `memory_entries: 1 record, in order
trace_events: 10 entries in 2 streams, in order
audit_log_entries: 3 entries in 1 stream, in order
verification_audit: 3 entries in 3 streams, in order
3 logs and 1 collection, 17 records: all in order
`

describe.each([
  { backend: 'sqlite', config: { type: 'sqlite', path: 'agents.db' }, around: sqliteTampering },
  { backend: 'file', config: { type: 'file', basePath: './data' }, around: fileTampering },
] as const)('verify of a store of type $backend', ({ config, around }) => {
  const at = ['--store', around.store]

  beforeEach(async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...at])
    await using store = createAgentStore(config)
    await fill(store)
  })

  test('looks at every log and at the records with hashes', async () => {
    expect(await coffer(['verify', ...at])).toEqual({ code: 0, out: SOUND, err: '' })
  })

  test('finds an audit entry that was edited', async () => {
    around.edit('audit_log_entries', 'e2', 'alice', 'mally')
    const { code, out } = await coffer(['verify', ...at])
    expect(code).toBe(1)
    expect(out).toContain(
      '\naudit_log_entries: 2 entries in 1 stream, 1 bad\nbad  audit_log_entries audit at 2: ',
    )
    expect(out).toContain('verification_audit: 3 entries in 3 streams, in order\n')
    expect(out).toMatch(/: 1 bad\n$/)
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const report = JSON.parse((await coffer(['verify', ...at, '--json'])).out)
    expect(report.problems).toMatchObject([
      { name: 'audit_log_entries', stream: 'audit', sequence: 2, key: 'e2' },
    ])
  })

  test('finds a log that was emptied', async () => {
    around.remove('verification_audit')
    const { code, out } = await coffer(['verify', ...at])
    expect(code).toBe(1)
    expect(out).toContain('verification_audit: 0 entries in 3 streams, 3 bad\n')
  })

  test.each(['r1', 'r2', 'r3'])(
    'finds the stream %s that lost its head, and the others once',
    async (stream) => {
      around.remove('verification_audit_heads', stream)
      const { code, out } = await coffer(['verify', ...at, '--only', 'verification_audit', '--json'])
      expect(code).toBe(1)
      expect(JSON.parse(out)).toMatchObject({
        checked: [{ streams: 3, entries: 3, bad: 1 }],
        problems: [{ stream, problem: 'the stream has entries but no head' }],
      })
    },
  )

  test('finds streams of a log that lost all its heads', async () => {
    around.remove('trace_events_heads')
    const { out } = await coffer(['verify', ...at, '--only', 'trace_events', '--json'])
    expect(JSON.parse(out).checked).toMatchObject([{ streams: 2, entries: 10, bad: 2 }])
  })

  test('finds a head under the name of another, and goes on', async () => {
    around.edit('verification_audit_heads', 'r2', '"r2"', '"r9"')
    const { code, out } = await coffer(['verify', ...at, '--only', 'verification_audit'])
    expect(code).toBe(1)
    expect(out).toContain('bad  verification_audit r2: its head is damaged: the record does not stand under')
  })

  test('finds a memory that was edited', async () => {
    around.edit('memory_entries', 'm1', 'apples', 'grapes')
    const { code, out } = await coffer(['verify', ...at])
    expect(code).toBe(1)
    expect(out).toContain(
      'memory_entries: 1 record, 1 bad\nbad  memory_entries m1: the record does not match its hash\n',
    )
    const others = ['trace_events', 'audit_log_entries', 'verification_audit']
    expect((await coffer(['verify', ...at, '--only', ...others])).code).toBe(0)
  })

  test('takes named traces as before', async () => {
    around.edit('audit_log_entries', 'e2', 'alice', 'mally')
    const traces = await coffer(['verify', 's-1', 's-2', ...at])
    expect(traces).toEqual({ code: 0, out: '2 traces, 10 events: all in order\n', err: '' })
  })
})

describe('verify', () => {
  const at = ['--store', 'agents.db']

  test('finds a head that can not be read, and the streams behind it', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2'), aRun('s-3')]), ...at])
    sqliteTampering.edit('trace_events_heads', 's-2', '{', '[')
    const { code, out } = await coffer(['verify', ...at, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      checked: expect.arrayContaining([expect.objectContaining({ streams: 3, entries: 15, bad: 1 })]),
      problems: [{ name: 'trace_events', stream: 's-2' }],
    })
  })

  test('reports each log and each collection as JSON', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    const { out } = await coffer(['verify', ...at, '--only', 'trace_events', 'trust_chains', '--json'])
    expect(JSON.parse(out)).toEqual({
      ok: true,
      checked: [
        { name: 'trace_events', kind: 'log', ok: true, streams: 1, entries: 5, bad: 0 },
        { name: 'trust_chains', kind: 'collection', ok: true, records: 0, bad: 0 },
      ],
      absent: [],
      problems: [],
    })
  })

  test('says when there is nothing to check', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    const out = 'there is nothing to check: the logs and collections are empty\n'
    expect(await coffer(['verify', ...at, '--tenant', 'other'])).toEqual({ code: 0, out, err: '' })
  })

  test('goes over every tenant that there is', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    await coffer(['import', file('more.jsonl', [aRun('s-2')]), ...at, '--tenant', 'acme'])
    const { code, out } = await coffer(['verify', ...at, '--all-tenants'])
    expect({ code, out }).toEqual({
      code: 0,
      out: `acme/trace_events: 5 entries in 1 stream, in order
default/trace_events: 5 entries in 1 stream, in order
2 logs, 10 records: all in order
`,
    })
    const { checked } = JSON.parse((await coffer(['verify', ...at, '--all-tenants', '--json'])).out)
    expect(checked).toContainEqual(
      expect.objectContaining({ tenant: 'acme', name: 'trace_events', streams: 1 }),
    )
  })

  test('finds a reference to what is not there, and looks at all collections, with --deep', async () => {
    const config = projectFile(`
      export const things = defineCollection({
        name: 'things',
        schema: z.object({ key: z.string(), parent: z.string().optional() }),
        key: 'key',
        references: { parent: { collection: 'things' } },
      })
      export const collections = [things]
    `)
    const { things } = await import(pathToFileURL(join(folder, config)).href)
    {
      // The tables of the agent stores too, for all of them are looked at.
      await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
      await using store = createStore({ type: 'sqlite', path: 'agents.db' })
      await store.collection(things).putMany([{ key: 'a' }, { key: 'b', parent: 'a' }] as never)
    }
    const deep = ['verify', ...at, '--deep', '--json']
    expect(JSON.parse((await coffer(deep)).out)).toMatchObject({ ok: true, structure: [], problems: [] })
    sqliteTampering.remove('things', 'a')
    expect((await coffer(['verify', ...at])).code).toBe(0)
    const { code, out } = await coffer(deep)
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      problems: [{ name: 'things', key: 'b', problem: "'parent' refers to no live record of 'things'" }],
    })
  })

  test.each([
    ['a collection without hashes', ['--only', 'sessions'], "'sessions' keeps no hashes to verify"],
    ['an unknown name', ['--only', 'notes'], "there is no collection 'notes'"],
    ['traces and logs at once', ['s-1', '--only', 'trace_events'], 'not both'],
  ])('refuses %s', async (_what, options, sentence) => {
    const { code, err } = await coffer(['verify', ...options, ...at])
    expect(code).toBe(2)
    expect(err.replaceAll('\n', ' ')).toContain(sentence)
  })

  test('shows its progress on a terminal, and nothing of it elsewhere', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    expect((await coffer(['verify', ...at], { columns: 80 })).err).toContain('0%')
    expect((await coffer(['verify', ...at])).err).toBe('')
  })
})
