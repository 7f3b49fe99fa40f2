import { createAgentStore } from '@coffer/agents'
import { beforeEach, describe, expect, test } from 'vitest'
import { agentCatalog } from '../src/catalog.ts'
import { AT, coffer } from './command.ts'

const NOON = new Date('2026-03-01T12:00:00Z')
const provenance = { task_id: 'task-1', step_id: 'step-1', timestamp: NOON }

beforeEach(async () => {
  await using store = createAgentStore({
    type: 'sqlite',
    path: 'agents.db',
    clock: { now: () => NOON.getTime() },
  })
  const { memories, audit, trust } = store
  const note = { type: 'episodic_note', provenance } as const
  await memories.storeEntry({ ...note, id: 'm1', content: 'the quick fox', tags: ['vip', 'refund'] })
  await memories.storeEntry({ ...note, id: 'm2', content: { text: 'a lazy dog' }, tags: ['vip'] })
  await memories.storeEntry({ ...note, id: 'm3', content: [] })
  await audit.append('alice', 'count', 0, 1, { id: 'e1', provenance })
  await trust.storeChain({
    genesis: {
      id: 'genesis',
      agent_id: 'agent-1',
      authority_id: 'acme',
      authority_type: 'organization',
      created_at: NOON.toISOString(),
      signature: 'signed',
    },
  })
})

describe('records of the agent stores', () => {
  test('ls lists every collection and log once', async () => {
    const lines = (await coffer(['ls', ...AT, '--json'])).out.trimEnd().split('\n')
    const names = lines.map((line) => JSON.parse(line).name)
    expect(names).toEqual([...new Set(names)])
    expect(lines.map((line) => JSON.parse(line))).toContainEqual({
      name: 'audit_log_entries',
      kind: 'log',
      records: 1,
      streams: 1,
    })
  })

  test('ls reads fields by their path, and shows times, texts and no empty column', async () => {
    expect((await coffer(['ls', 'memory_entries', ...AT])).out).toBe(
      `id  type           timestamp             task_id  tags         step_id
m1  episodic_note  2026-03-01T12:00:00Z  task-1   vip, refund  step-1
m2  episodic_note  2026-03-01T12:00:00Z  task-1   vip          step-1
m3  episodic_note  2026-03-01T12:00:00Z  task-1   -            step-1
3 of 3 records; --json shows all fields
`,
    )
  })

  test('ls leaves out hashes', async () => {
    const { out } = await coffer(['ls', 'trust_chains', ...AT])
    expect(out).toMatch(/^id +authority_id +is_active +created_at/)
    expect(out).not.toContain('hash')
  })

  test('times are ISO 8601 in UTC in the JSON of ls and show', async () => {
    const listed = await coffer(['ls', 'memory_entries', ...AT, '--json', '--limit', '1'])
    expect(JSON.parse(listed.out).provenance.timestamp).toBe('2026-03-01T12:00:00.000Z')
    for (const options of [[], ['--json']]) {
      const { out } = await coffer(['show', 'audit_log_entries', 'e1', ...AT, ...options])
      const entry = JSON.parse(out.replace(/version 1\n$/, ''))
      expect(entry).toMatchObject({
        timestamp: '2026-03-01T12:00:00.000Z',
        provenance: { timestamp: '2026-03-01T12:00:00.000Z' },
      })
    }
  })

  test.each(agentCatalog.listed)(
    'what is worth a glance of $definition.name is there',
    ({ definition, glance }) => {
      const shape = (definition.schema as unknown as { shape: object }).shape
      const known = [...definition.fields.map(({ name }) => name), ...Object.keys(shape)]
      expect(glance.length).toBeGreaterThan(0)
      expect(known).toEqual(expect.arrayContaining([...glance]))
    },
  )
})

describe('--where', () => {
  const count = async (...conditions: string[]) =>
    coffer(['count', 'memory_entries', ...AT, ...conditions.flatMap((each) => ['--where', each])])

  test.each([
    ['one text is there', ['tags~=vip'], 2],
    ['several texts are there', ['tags~=vip', 'tags~=refund'], 1],
    ['one of several texts is there', ['tags|=refund,other'], 1],
    ['no text is there', ['tags=null'], 1],
    ['some text is there', ['tags!=null'], 2],
    ['all words are there', ['content_words~=FOX quick'], 1],
    ['not all words are there', ['content_words~=fox dog'], 0],
    ['one of the words is there', ['content_words|=fox dog'], 2],
    ['there is some word', ['content_words!=null'], 3],
    ['a field by its path', ['task_id=task-1', 'timestamp>=2026-03-01T00:00:00Z'], 3],
  ])('asks whether %s', async (_what, conditions, found) => {
    expect(await count(...conditions)).toEqual({ code: 0, out: `${found}\n`, err: '' })
  })

  test.each([
    ['an equal text of many', 'tags=vip', 'write tags~=text (it is there)'],
    ['an order of words', 'content_words>fox', "write 'content_words~=some words'"],
    [
      'many of a single text',
      'type~=artifact',
      "(here source_event_ids, tags, content_words), not for 'type'",
    ],
    ['an unknown field', 'colour~=red', "unknown field 'colour'"],
    ['words without a word', 'content_words~=!', 'give at least one letter or digit'],
  ])('refuses %s, and says what to write', async (_what, condition, sentence) => {
    const { code, err } = await count(condition)
    expect(code).toBe(2)
    expect(err.replaceAll('\n', ' ')).toContain(sentence)
  })
})
