import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createAgentStore } from '@coffer/agents'
import { beforeEach, describe, expect, test } from 'vitest'
import { AT, aRun, coffer, cofferProcess, file, folder } from './command.ts'
import { projectFile } from './project.ts'

const TO = ['--store', 'other.db']

/** Fills a store with records of a collection of the project's own, whose members are of every kind. */
async function fill(): Promise<void> {
  projectFile()
  const records = [
    { key: 'plain', text: 'one, two', flag: true, count: 3, at: '2026-03-01T12:00:00Z' },
    { key: 'empty', text: '', choice: null, ratio: -0.5, tags: [], more: {} },
    { key: 'null', text: 'null', tags: ['a', 'b\n"c"'], more: { deep: { deeper: null } } },
    { key: 'formula', text: '=HYPERLINK("x")', choice: 'a', more: { text: '=1' } },
    { key: 'odd', text: '"quoted"\r\nline' },
    { key: '@at', text: 'ü\u2028é', any: 'text' },
    { key: 'any', text: '7', any: 7 },
  ]
  const lines = records.map((record) => JSON.stringify({ collection: 'things', record }))
  const { code, err } = await coffer(['import', file('things.jsonl', lines), ...AT])
  expect({ code, err }).toEqual({ code: 0, err: '' })
}

const exported = async (at: readonly string[], name = 'things') => (await coffer(['export', name, ...at])).out

describe('export and import', () => {
  beforeEach(fill)

  test('JSON lines come back the same in another store', async () => {
    await coffer(['export', 'things', '--out', 'out.jsonl', ...AT])
    const { code, out } = await coffer(['import', 'out.jsonl', ...TO, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      records: 7,
      collections: { things: { new: 7, changed: 0, unchanged: 0, skipped: 0 } },
    })
    expect(await exported(TO)).toBe(await exported(AT))
  })

  test('CSV comes back the same in another store, to the byte', async () => {
    await coffer(['export', 'things', '--format', 'csv', '--out', 'things.csv', ...AT])
    const { code, err } = await coffer(['import', 'things.csv', ...TO])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(await exported(TO)).toBe(await exported(AT))
  })

  test('CSV has the members as columns, and tells absent, null and empty apart', async () => {
    const { out } = await coffer(['export', 'things', '--format', 'csv', ...AT])
    const [header, ...rows] = out.split('\r\n')
    expect(header).toBe('key,text,flag,count,ratio,at,choice,tags,more,any,parent')
    expect(rows).toContain('empty,"""""",,,-0.5,,null,[],{},,')
    expect(rows).toContain('plain,"one, two",true,3,,2026-03-01T12:00:00Z,,,,,')
  })

  test('no text of CSV begins as a formula', async () => {
    const { out } = await coffer(['export', 'things', '--format', 'csv', ...AT])
    expect(out).toContain('formula,"""=HYPERLINK(\\""x\\"")"""')
    expect(out).toContain('"""@at"""')
  })

  test('a file is packed, is for its owner alone, and is never written over', async () => {
    const command = ['export', 'things', '--out', 'out.jsonl.gz', '--gzip', ...AT]
    expect((await coffer(command)).out).toBe('out.jsonl.gz: 7 records\n')
    const path = join(folder, 'out.jsonl.gz')
    expect(gunzipSync(readFileSync(path)).toString()).toBe(await exported(AT))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const again = await coffer(command)
    expect(again).toMatchObject({ code: 2, out: '' })
    expect(again.err).toContain('out.jsonl.gz is there already')
    expect((await coffer(['import', 'out.jsonl.gz', ...TO])).code).toBe(0)
  })

  test('a folder gets a file for each collection that has records', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
    const { out } = await coffer(['export', '--format', 'csv', '--out', 'tables/', '--json', ...AT])
    expect(JSON.parse(out).files).toContainEqual({ file: 'tables/sessions.csv', records: 1 })
    expect(readdirSync(join(folder, 'tables')).sort()).toEqual([
      'resolutions.csv',
      'sessions.csv',
      'things.csv',
      'trace_events.csv',
    ])
  })

  test('a condition chooses records', async () => {
    const { out } = await coffer(['export', 'things', '--where', 'count=3', ...AT])
    expect(out.split('\n').map((line) => line && JSON.parse(line).record.key)).toEqual(['plain', ''])
  })

  test.each([
    ['CSV of several collections on standard output', ['--format', 'csv']],
    ['a condition without a collection', ['--where', 'count=3']],
    ['gzip on standard output', ['things', '--gzip']],
    ['a collection that is not there', ['nothing']],
    ['CSV of several collections in one file', ['--format', 'csv', '--out', 'one.csv']],
  ])('%s is refused', async (_what, options) => {
    const { code, out, err } = await coffer(['export', ...options, ...AT])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^coffer: /)
  })
})

describe('import of records', () => {
  beforeEach(() => projectFile())

  const thing = (record: object) => JSON.stringify({ collection: 'things', record })

  test('passes over bad lines, names them, and stores the others', async () => {
    const lines = [
      thing({ key: 'a', text: 'secret-canary' }),
      '{',
      thing({ key: 'b' }),
      thing({ key: 'c', text: 'x', colour: 'secret-canary' }),
      thing({ key: 'd', text: 'x', count: 'secret-canary' }),
      JSON.stringify({ collection: 'nothing', record: {} }),
      JSON.stringify({ messages: [] }),
      thing({ key: '', text: 'x' }),
      thing({ key: 'z', text: 'x' }),
    ]
    const { code, err } = await coffer(['import', file('in.jsonl', lines), ...AT])
    expect(code).toBe(1)
    expect(
      err
        .trim()
        .split('\n')
        .map((line) => line.slice(0, 12)),
    ).toEqual([2, 3, 4, 5, 6, 7, 8].map((line) => `in.jsonl:${line}: `))
    expect(err).toContain('in.jsonl:3: text: ')
    expect(err).not.toContain('secret-canary')
    expect((await coffer(['count', 'things', ...AT])).out).toBe('2\n')
  })

  test('stops at the first bad line with --strict', async () => {
    const lines = [thing({ key: 'a', text: 'x' }), thing({ key: 'b' }), thing({ key: 'c', text: 'x' })]
    expect((await coffer(['import', file('in.jsonl', lines), '--strict', ...AT])).code).toBe(1)
    expect((await coffer(['count', 'things', ...AT])).out).toBe('1\n')
  })

  test.each([
    ['fail', 1, 'old', { new: 1, changed: 0, unchanged: 1, skipped: 0 }],
    ['skip', 0, 'old', { new: 1, changed: 0, unchanged: 1, skipped: 1 }],
    ['replace', 0, 'new', { new: 1, changed: 1, unchanged: 1, skipped: 0 }],
  ])('--on-conflict %s', async (how, code, text, things) => {
    const before = [thing({ key: 'same', text: 'x' }), thing({ key: 'other', text: 'old' })]
    await coffer(['import', file('before.jsonl', before), ...AT])
    const lines = [thing({ key: 'other', text: 'new' }), before[0], thing({ key: 'third', text: 'x' })]
    const command = ['import', file('in.jsonl', lines), '--on-conflict', how, ...AT, '--json']
    const dry = await coffer([...command, '--dry-run'])
    expect({ code: dry.code, ...JSON.parse(dry.out) }).toMatchObject({ code, collections: { things } })
    expect((await coffer(['count', 'things', ...AT])).out).toBe('2\n')
    const result = await coffer(command)
    expect({ code: result.code, ...JSON.parse(result.out) }).toMatchObject({ code, collections: { things } })
    expect(JSON.parse((await coffer(['show', 'things', 'other', ...AT, '--json'])).out).text).toBe(text)
    expect((await coffer(['show', 'things', 'same', ...AT])).out).toContain('version 1')
  })

  test('logs are passed over and told, and refused as a target', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
    await coffer(['export', '--out', 'all.jsonl', ...AT])
    const { code, out } = await coffer(['import', 'all.jsonl', ...TO])
    expect(code).toBe(1)
    expect(out).toContain('6 lines of the log trace_events passed over')
    expect(out).toContain('coffer backup')
    expect((await coffer(['count', 'sessions', ...TO])).out).toBe('1\n')
    for (const name of ['trace_events', 'trace_events_heads']) {
      const refused = await coffer(['import', 'all.jsonl', '--into', name, ...TO])
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toContain('coffer backup')
    }
  })

  test('a record whose parent comes later is told with what to do', async () => {
    const lines = [
      JSON.stringify({ collection: 'things', record: { key: 'child', text: 'x', parent: 'late' } }),
      JSON.stringify({
        collection: 'sessions',
        record: { session_id: 's', agent_id: 'a', status: 'active', created_at: '2026-03-01T12:00:00Z' },
      }),
      thing({ key: 'late', text: 'x' }),
    ]
    const command = ['import', file('in.jsonl', lines), ...AT]
    const first = await coffer(command)
    expect(first.code).toBe(1)
    expect(first.err).toContain('import it once more')
    expect((await coffer(command)).code).toBe(0)
  })

  test('bare records go where --into says, from standard input too', async () => {
    const input = `${JSON.stringify({ key: 'a', text: 'x' })}\n`
    const { code } = await coffer(['import', '-', '--into', 'things', ...AT], { input })
    expect(code).toBe(0)
    const csv = await cofferProcess(['import', '-', '--into', 'things', ...AT], '\ufeffkey,text\r\nb,y\r\n')
    expect(csv).toMatchObject({ code: 0, err: '' })
    expect((await coffer(['count', 'things', ...AT])).out).toBe('2\n')
  })

  test('files of several forms are refused together', async () => {
    const records = file('in.jsonl', [thing({ key: 'a', text: 'x' })])
    const { code, err } = await coffer(['import', records, file('runs.jsonl', [aRun('s-1')]), ...AT])
    expect(code).toBe(2)
    expect(err.replaceAll('\n', ' ')).toContain('in.jsonl holds records, runs.jsonl transcripts')
  })
})

describe('import of CSV', () => {
  beforeEach(() => projectFile())

  const importing = (text: string, ...options: string[]) => {
    writeFileSync(join(folder, 'things.csv'), text)
    return coffer(['import', 'things.csv', ...AT, ...options])
  }

  test.each([
    [
      'an unknown column',
      'key,text,colour\na,b,c\n',
      'things.csv:1: column 3 is no member of things; its members',
    ],
    ['a column that is missing', 'key,flag\na,true\n', "things.csv:1: the column 'text' is missing"],
    ['a column that is there twice', 'key,text,text\na,b,c\n', "the column 'text' is there twice"],
    ['cells between semicolons', 'key;text\na;b\n', 'things.csv:1: its cells are not separated by commas'],
    ['cells between tabs', 'key\ttext\na\tb\n', 'things.csv:1: its cells are not separated by commas'],
    ['quotation marks that do not fit', 'key,text\na,"b" c\n', 'things.csv:2: its quotation marks'],
    ['quotation marks without an end', 'key,text\na,b\nc,"d\n', 'things.csv:3: its quotation marks'],
  ])('refuses %s', async (_what, text, sentence) => {
    const { code, err } = await importing(text)
    expect(code).toBe(1)
    expect(err.replaceAll('\n', ' ')).toContain(sentence)
  })

  test('names the line and the column of what can not be read', async () => {
    const rows = [
      'key,text,count,flag,more',
      'a,b,many,,',
      'b,"two',
      'lines",1,TRUE,',
      'c,d,,yes,',
      'd,e,,,{',
      'e,f',
      'g,h,1,false,{}',
    ]
    const { code, err } = await importing(rows.join('\n'))
    expect(code).toBe(1)
    expect(err.trim().split('\n')).toEqual([
      "things.csv:2: column 'count': expected a number, such as 1.5",
      "things.csv:5: column 'flag': expected true or false",
      "things.csv:6: column 'more': expected JSON, texts in quotation marks",
      'things.csv:7: it has 2 cells, and the header 5',
    ])
    expect((await coffer(['show', 'things', 'b', ...AT, '--json'])).out).toContain('"flag":true')
  })

  test('refuses what is not UTF-8', async () => {
    writeFileSync(join(folder, 'things.csv'), Buffer.from('6b65792c746578740a612cfc0a', 'hex'))
    const { code, err } = await coffer(['import', 'things.csv', ...AT])
    expect(code).toBe(1)
    expect(err).toContain('things.csv is not valid UTF-8')
  })

  test('needs to know the collection', async () => {
    const { code, err } = await coffer(['import', file('rows.csv', ['key,text', 'a,b']), ...AT])
    expect(code).toBe(2)
    expect(err).toContain('--into')
  })
})

test('records of the agent stores come back from CSV', async () => {
  await using store = createAgentStore({ type: 'sqlite', path: 'agents.db' })
  const provenance = { task_id: 'task-1', step_id: 'step-1', timestamp: new Date(0) }
  await store.memories.storeEntry({
    id: 'm1',
    type: 'artifact',
    provenance,
    content: '-1',
    tags: ['-', ''],
  })
  await coffer(['export', 'memory_entries', '--format', 'csv', '--out', 'memory_entries.csv', ...AT])
  expect((await coffer(['import', 'memory_entries.csv', ...TO])).code).toBe(0)
  expect(await exported(TO, 'memory_entries')).toBe(await exported(AT, 'memory_entries'))
})
