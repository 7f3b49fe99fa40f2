/** Memories: storing, asking, removing. */

import assert from 'node:assert/strict'
import type { MemoryEntry, MemoryQuery } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aMemory, idsOf, origin } from './memory-records.ts'
import { memoryRollbackCases } from './memory-rollback.ts'
import { memorySnapshotCases } from './memory-snapshots.ts'

const at = (hour: number) => new Date(Date.UTC(2026, 2, 1, hour))

const storeCases: readonly AgentCase[] = [
  {
    id: 'memories-entry',
    title: 'a memory comes back as it was stored, with its time as a Date',
    methods: ['memories.storeEntry', 'memories.getEntry'],
    run: async ({ store: { memories } }) => {
      const full: MemoryEntry = {
        id: 'entry-1',
        content: { data: 'important information', nested: [1, null, { deep: 'x' }] },
        type: 'artifact',
        provenance: origin({ source_event_id: 'e1', source_event_ids: ['e2', 'e3'] }),
        tags: ['important', 'user-interaction'],
        metadata: { any: [1, null, 'x'] },
      }
      assert.equal(await memories.storeEntry(full), 1)
      assert.deepEqual(await memories.getEntry('entry-1'), full)
      assert.equal(await memories.getEntry('entry-2'), undefined)
    },
  },
  {
    id: 'memories-contents',
    title: 'content is any JSON',
    methods: ['memories.storeEntry'],
    run: async ({ store: { memories } }) => {
      for (const content of [null, 'text', 7, false, [], [[1]], {}]) {
        await memories.storeEntry(aMemory('m', { content }))
        assert.deepEqual((await memories.getEntry('m'))?.content, content)
      }
    },
  },
  {
    id: 'memories-replace',
    title: 'storing again replaces a memory, and ifVersion guards against a lost update',
    methods: ['memories.storeEntry', 'memories.deleteEntry'],
    run: async ({ store: { memories } }) => {
      await memories.storeEntry(aMemory('m', { tags: ['old'] }))
      assert.equal(await memories.storeEntry(aMemory('m', { content: 2 }), { ifVersion: 1 }), 2)
      assert.deepEqual(await memories.getEntry('m'), aMemory('m', { content: 2 }))
      await assertFails(memories.storeEntry(aMemory('m'), { ifVersion: 1 }), 'VERSION_CONFLICT')
      await assertFails(memories.deleteEntry('m', { ifVersion: 1 }), 'VERSION_CONFLICT')
      assert.deepEqual((await memories.getEntry('m'))?.content, 2)
    },
  },
  {
    id: 'memories-several',
    title: 'several memories are stored as a whole or not at all, and the bad one is named',
    methods: ['memories.storeEntries'],
    run: async ({ store: { memories } }) => {
      const bad = { ...aMemory('c'), type: 'rumour' }
      const batch = [aMemory('a'), aMemory('b'), unchecked(bad)]
      await assertFails(memories.storeEntries(batch), 'INVALID_ARGUMENT', { index: 2 })
      assert.deepEqual(await memories.queryEntries(), [])
      assert.deepEqual(await memories.storeEntries([aMemory('a'), aMemory('b'), aMemory('a')]), [1, 1, 2])
      assert.deepEqual(await memories.storeEntries([]), [])
    },
  },
  {
    id: 'memories-delete',
    title: 'a memory is removed once',
    methods: ['memories.deleteEntry'],
    run: async ({ store: { memories } }) => {
      await memories.storeEntry(aMemory('m'))
      assert.equal(await memories.deleteEntry('m'), true)
      assert.equal(await memories.deleteEntry('m'), false)
      assert.equal(await memories.getEntry('m'), undefined)
    },
  },
  {
    id: 'memories-tenants',
    title: 'memories and snapshots of another tenant do not exist',
    methods: ['memories.getEntry', 'memories.queryEntries', 'memories.rollbackTo', 'memories.listSnapshots'],
    run: async ({ store: { memories }, otherTenant }) => {
      await memories.storeEntry(aMemory('m'))
      await memories.createSnapshot({ id: 's' })
      assert.equal(await otherTenant.memories.getEntry('m'), undefined)
      assert.deepEqual(await otherTenant.memories.queryEntries({ id: 'm' }), [])
      assert.deepEqual(await otherTenant.memories.listSnapshots(), [])
      await assertFails(otherTenant.memories.rollbackTo('s'), 'NOT_FOUND')
    },
  },
  {
    id: 'memories-refused',
    title: 'what is no memory is refused, and nothing is stored',
    methods: ['memories.storeEntry', 'memories.storeEntries'],
    run: async ({ store: { memories } }) => {
      const bad: readonly unknown[] = [
        undefined,
        'memory',
        { ...aMemory('m'), id: undefined },
        { ...aMemory('m'), id: '' },
        { ...aMemory('m'), type: 'rumour' },
        { ...aMemory('m'), provenance: undefined },
        { ...aMemory('m'), provenance: { ...origin(), task_id: undefined } },
        { ...aMemory('m'), provenance: { ...origin(), timestamp: '2026-03-01T11:00:00.000Z' } },
        { ...aMemory('m'), provenance: { ...origin(), timestamp: new Date(Number.NaN) } },
        { ...aMemory('m'), provenance: { ...origin(), source_event_ids: 'e1' } },
        { ...aMemory('m'), tags: 'important' },
        { ...aMemory('m'), tags: [7] },
        { ...aMemory('m'), content: Number.NaN },
        { ...aMemory('m'), content: () => 1 },
        { ...aMemory('m'), metadata: [] },
        { ...aMemory('m'), colour: 'red' },
      ]
      for (const each of bad) {
        await assertFails(() => memories.storeEntry(unchecked(each)), 'INVALID_ARGUMENT')
        await assertFails(() => memories.storeEntries([aMemory('x'), unchecked(each)]), 'INVALID_ARGUMENT')
      }
      await assertFails(() => memories.storeEntries(unchecked('memories')), 'INVALID_ARGUMENT')
      await assertFails(() => memories.storeEntry(aMemory('m'), unchecked({ ttl: 1 })), 'INVALID_ARGUMENT')
      assert.deepEqual(await memories.queryEntries(), [])
    },
  },
]

/** Six memories, an hour apart. */
const six: readonly MemoryEntry[] = [
  aMemory('1', { provenance: origin({ timestamp: at(1) }), tags: ['a', 'b'], content: 'The quick fox' }),
  aMemory('2', {
    provenance: origin({ timestamp: at(2), step_id: 'step-2' }),
    tags: ['b'],
    type: 'artifact',
  }),
  aMemory('3', { provenance: origin({ timestamp: at(3), task_id: 'task-2', source_event_id: 'e1' }) }),
  aMemory('4', { provenance: origin({ timestamp: at(4), source_event_ids: ['e1', 'e2'] }), tags: [] }),
  aMemory('5', {
    provenance: origin({ timestamp: at(5), task_id: 'task-2', source_event_id: 'e3' }),
    content: { animals: ['a slow fox', { quick: 'dog' }], legs: 4 },
  }),
  aMemory('6', { provenance: origin({ timestamp: at(6) }), tags: ['c', 'a'], type: 'snapshot' }),
]

/** A question and the memories that it finds. */
const finds = (
  word: string,
  title: string,
  questions: readonly (readonly [MemoryQuery, string])[],
): AgentCase => ({
  id: `memories-${word}`,
  title,
  methods: ['memories.queryEntries'],
  run: async ({ store: { memories } }) => {
    await memories.storeEntries(six)
    for (const [question, expected] of questions) {
      assert.equal(idsOf(await memories.queryEntries(question)), expected, JSON.stringify(question))
    }
  },
})

const queryCases: readonly AgentCase[] = [
  finds('by-origin', 'memories are found by task, step and type, newest first', [
    [{}, '654321'],
    [{ task_id: 'task-2' }, '53'],
    [{ task_id: 'task-1', step_id: 'step-1' }, '641'],
    [{ step_id: 'step-2' }, '2'],
    [{ type: 'artifact' }, '2'],
    [{ type: { in: ['artifact', 'snapshot'] } }, '62'],
    [{ id: { in: ['1', '5', 'x'] } }, '51'],
    [{ task_id: 'task-2', type: 'artifact' }, ''],
  ]),
  finds('by-source-event', 'a source event is found whether it is the only one or one of several', [
    [{ source_event_id: 'e1' }, '43'],
    [{ source_event_id: 'e2' }, '4'],
    [{ source_event_id: 'e4' }, ''],
    [{ source_event_id: { in: ['e2', 'e3'] } }, '54'],
    [{ source_event_id: { in: [] } }, ''],
    [{ source_event_id: 'e1', task_id: 'task-2' }, '3'],
    [{ not: { source_event_id: 'e1' } }, '6521'],
    [{ or: [{ source_event_id: 'e3' }, { type: 'artifact' }] }, '52'],
    [{ and: [{ source_event_id: 'e1' }, { source_event_id: 'e2' }] }, '4'],
  ]),
  finds('by-tags', 'an array of tags means all of them; hasAny means one', [
    [{ tags: ['a'] }, '61'],
    [{ tags: ['a', 'b'] }, '1'],
    [{ tags: ['a', 'x'] }, ''],
    [{ tags: [] }, '654321'],
    [{ tags: { has: 'b' } }, '21'],
    [{ tags: { hasAll: ['c', 'a'] } }, '6'],
    [{ tags: { hasAny: ['b', 'c'] } }, '621'],
    [{ tags: { exists: false } }, '53'],
    [{ not: { tags: ['a'] } }, '5432'],
    [{ or: [{ tags: ['a', 'b'] }, { tags: ['c'] }] }, '61'],
  ]),
  finds('by-time', 'a time range is asked for with Dates or texts', [
    [{ timestamp: { gte: at(2), lt: at(4) } }, '32'],
    [{ timestamp: { gt: at(5).toISOString() } }, '6'],
    [{ timestamp: at(3) }, '3'],
    [{ order: 'asc' }, '123456'],
    [{ order: 'asc', task_id: 'task-2' }, '35'],
  ]),
  finds('by-words', 'words are found anywhere in the content, whatever their case', [
    [{ content_words: { words: 'FOX' } }, '51'],
    [{ content_words: { words: 'fox quick' } }, '1'],
    [{ content_words: { words: 'slow dog' } }, '5'],
    [{ content_words: { words: 'animals' } }, ''],
    [{ content_words: { words: '4' } }, '54'],
    [{ content_words: { anyWord: 'the dog' } }, '51'],
    [{ content_words: { words: 'fox' }, task_id: 'task-2' }, '5'],
  ]),
  {
    id: 'memories-pages',
    title: 'pages join to the whole answer, and ties stand by id',
    methods: ['memories.queryEntries', 'memories.pageEntries', 'memories.iterateEntries'],
    run: async ({ store: { memories } }) => {
      await memories.storeEntries('abcdefg'.split('').map((id) => aMemory(id, { tags: ['t'] })))
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await memories.pageEntries({ tags: ['t'], source_event_id: { in: [] }, limit: 3 })
        assert.deepEqual(page, { records: [], next: undefined })
        const next = await memories.pageEntries({ tags: ['t'], limit: 3, cursor })
        seen.push(idsOf(next.records))
        cursor = next.next
      } while (cursor !== undefined)
      assert.deepEqual(seen, ['gfe', 'dcb', 'a'])
      assert.equal(idsOf(await memories.queryEntries({ limit: 2, offset: 3 })), 'dc')
      assert.equal(idsOf(await gathered(memories.iterateEntries({ limit: 2, order: 'asc' }))), 'abcdefg')
    },
  },
  {
    id: 'memories-query-refused',
    title: 'a question that can not be meant is refused',
    methods: ['memories.queryEntries', 'memories.pageEntries', 'memories.iterateEntries'],
    run: async ({ store: { memories } }) => {
      const cyclic: Record<string, unknown> = {}
      cyclic.not = cyclic
      const bad: readonly unknown[] = [
        null,
        [],
        { not: [] },
        { and: [[]] },
        'all',
        { colour: 'red' },
        { content: 'fox' },
        { task_id: undefined },
        { task_id: 7 },
        { tags: 'a' },
        { tags: [7] },
        { source_event_id: undefined },
        { source_event_id: 7 },
        { source_event_id: { exists: true } },
        { source_event_id: { in: 'e1' } },
        { content_words: { words: '!?' } },
        { content_words: 'fox' },
        { timestamp: { gte: 'yesterday' } },
        { or: { type: 'artifact' } },
        { order: 'newest' },
        { limit: 0 },
        { cursor: 'made up' },
        cyclic,
      ]
      for (const question of bad) {
        await assertFails(() => memories.queryEntries(unchecked(question)), 'INVALID_ARGUMENT')
        await assertFails(() => memories.pageEntries(unchecked(question)), 'INVALID_ARGUMENT')
        await assertFails(() => gathered(memories.iterateEntries(unchecked(question))), 'INVALID_ARGUMENT')
      }
    },
  },
]

export const memoryCases: readonly AgentCase[] = [
  ...storeCases,
  ...queryCases,
  ...memorySnapshotCases,
  ...memoryRollbackCases,
]
