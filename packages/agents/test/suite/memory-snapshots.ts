/** Snapshots of memories: making, listing and removing them. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { canonicalJson } from '@coffer/core'
import { memorySnapshotEntries } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aMemory, idsOf, origin } from './memory-records.ts'

const sha256 = (value: unknown) => createHash('sha256').update(canonicalJson(value)).digest('hex')

export const memorySnapshotCases: readonly AgentCase[] = [
  {
    id: 'memories-snapshot',
    title: 'a snapshot says when it was made, of what, and its hash over all entries by their ids',
    methods: ['memories.createSnapshot', 'memories.listSnapshots'],
    run: async ({ store, clock }) => {
      await store.memories.storeEntries([aMemory('b'), aMemory('a')])
      const snapshot = await store.memories.createSnapshot({ id: 's', label: 'before', metadata: { n: 1 } })
      const said = { id: 's', label: 'before', created_at: new Date(clock.now()), metadata: { n: 1 } }
      let link = sha256({
        coffer: 'memory-snapshot/1',
        tenant: store.tenantName,
        snapshot: { ...said, created_at: said.created_at.toISOString() },
      })
      for (const id of ['a', 'b']) {
        link = sha256({ previous: link, entry: JSON.parse(JSON.stringify(aMemory(id))) })
      }
      assert.deepEqual(snapshot, { ...said, entry_count: 2, content_hash: link })
      assert.deepEqual(await store.memories.listSnapshots(), [snapshot])
    },
  },
  {
    id: 'memories-snapshot-plain',
    title: 'a snapshot needs no options, and may be of nothing',
    methods: ['memories.createSnapshot'],
    run: async ({ store: { memories } }) => {
      const { id, entry_count, where } = await memories.createSnapshot()
      assert.match(id, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
      assert.deepEqual([entry_count, where], [0, undefined])
    },
  },
  {
    id: 'memories-snapshot-part',
    title: 'a snapshot may be of the entries that match a filter, which it keeps as JSON',
    methods: ['memories.createSnapshot'],
    run: async ({ store: { memories } }) => {
      const early = new Date('2026-03-01T01:00:00.000Z')
      await memories.storeEntries([aMemory('a', { provenance: origin({ timestamp: early }) }), aMemory('b')])
      const where = { timestamp: { lte: early }, task_id: 'task-1' }
      const snapshot = await memories.createSnapshot({ where })
      assert.deepEqual(snapshot.where, { timestamp: { lte: early.toISOString() }, task_id: 'task-1' })
      assert.equal(snapshot.entry_count, 1)
    },
  },
  {
    id: 'memories-snapshot-many',
    title: 'a snapshot of more entries than one page holds them all',
    methods: ['memories.createSnapshot'],
    run: async ({ store: { memories } }) => {
      await memories.storeEntries(Array.from({ length: 401 }, (_each, n) => aMemory(`m${n}`)))
      assert.equal((await memories.createSnapshot()).entry_count, 401)
    },
  },
  {
    id: 'memories-snapshot-audited',
    title: 'making and removing a snapshot stand in the audit log, with its hash',
    methods: ['memories.createSnapshot', 'memories.deleteSnapshot'],
    run: async ({ store }) => {
      const { content_hash } = await store.memories.createSnapshot({
        id: 's',
        actor: 'agent-1',
        provenance: origin(),
      })
      await store.memories.deleteSnapshot('s')
      const [removed, made] = await store.audit
        .queryByAction('memories.deleteSnapshot')
        .then(async (last) => [...last, ...(await store.audit.queryByAction('memories.createSnapshot'))])
      const said = { snapshot_id: 's', entry_count: 0, content_hash }
      assert.deepEqual([made?.actor, made?.state_before, made?.state_after], ['agent-1', null, said])
      assert.deepEqual(made?.provenance, origin())
      assert.deepEqual(
        [removed?.actor, removed?.state_before, removed?.state_after],
        ['memories', said, null],
      )
    },
  },
  {
    id: 'memories-snapshot-taken',
    title: 'an id that is taken is refused, and the snapshot stays as it is',
    methods: ['memories.createSnapshot'],
    run: async ({ store }) => {
      const first = await store.memories.createSnapshot({ id: 's' })
      await store.memories.storeEntry(aMemory('a'))
      await assertFails(store.memories.createSnapshot({ id: 's' }), 'ALREADY_EXISTS')
      assert.deepEqual(await store.memories.listSnapshots(), [first])
      assert.equal(await store.collection(memorySnapshotEntries).count(), 0)
      assert.equal((await store.audit.head())?.sequence, 1)
    },
  },
  {
    id: 'memories-snapshot-copies',
    title: 'what the caller changes after the call is not stored, told or asked for',
    inTransactions: false,
    methods: ['memories.createSnapshot', 'memories.rollbackTo', 'memories.deleteSnapshot'],
    run: async ({ store: { memories, audit } }) => {
      await memories.storeEntries([aMemory('a'), aMemory('b', { provenance: origin({ task_id: 'task-2' }) })])
      const given = { id: 's', where: { task_id: 'task-1' }, metadata: { n: 1 }, actor: 'agent-1' }
      const making = memories.createSnapshot(given)
      Object.assign(given.where, { task_id: 'task-2', step_id: 'x' })
      given.metadata.n = 2
      given.actor = 'agent-2'
      const { where, metadata, entry_count } = await making
      assert.deepEqual([where, metadata, entry_count], [{ task_id: 'task-1' }, { n: 1 }, 1])
      const why = { actor: 'agent-1', metadata: { n: 1 } }
      const rolling = memories.rollbackTo('s', why)
      why.metadata.n = 2
      await rolling
      const acting = { actor: 'agent-1' }
      const deleting = memories.deleteSnapshot('s', acting)
      acting.actor = 'agent-2'
      await deleting
      const told = await audit.queryByActor('agent-1')
      assert.deepEqual(
        told.map((entry) => entry.metadata),
        [undefined, { n: 1 }, undefined],
      )
    },
  },
  {
    id: 'memories-snapshot-lists',
    title: 'snapshots are listed newest first, filtered and in pages',
    methods: ['memories.listSnapshots', 'memories.pageSnapshots', 'memories.iterateSnapshots'],
    run: async ({ store: { memories }, clock }) => {
      for (const id of ['a', 'b', 'c']) {
        await memories.createSnapshot({ id, label: id === 'b' ? 'odd' : 'even' })
        clock.advance(1_000)
      }
      assert.equal(idsOf(await memories.listSnapshots()), 'cba')
      assert.equal(idsOf(await memories.listSnapshots({ label: 'even' })), 'ca')
      assert.equal(
        idsOf(await memories.listSnapshots({ created_at: { lt: new Date(clock.now() - 1_000) } })),
        'ba',
      )
      const first = await memories.pageSnapshots({ limit: 2 })
      const second = await memories.pageSnapshots({ limit: 2, cursor: first.next })
      assert.deepEqual([idsOf(first.records), idsOf(second.records), second.next], ['cb', 'a', undefined])
      assert.equal(idsOf(await gathered(memories.iterateSnapshots({ limit: 1 }))), 'cba')
    },
  },
  {
    id: 'memories-snapshot-delete',
    title: 'a snapshot is removed once with what it holds, and others and the memories stay',
    methods: ['memories.deleteSnapshot'],
    run: async ({ store }) => {
      const { memories } = store
      await memories.storeEntries([aMemory('a'), aMemory('b')])
      await memories.createSnapshot({ id: 's' })
      await memories.createSnapshot({ id: 's/0' })
      assert.equal(await memories.deleteSnapshot('s'), true)
      assert.equal(await memories.deleteSnapshot('s'), false)
      assert.equal(idsOf(await memories.listSnapshots()), 's/0')
      assert.equal(await store.collection(memorySnapshotEntries).count(), 2)
      assert.equal(idsOf(await memories.queryEntries()), 'ba')
      await assertFails(memories.rollbackTo('s'), 'NOT_FOUND')
    },
  },
  {
    id: 'memories-snapshot-of-damage',
    title: 'a state with an entry that was edited behind the store can not be named',
    methods: ['memories.createSnapshot'],
    alone: true,
    run: async ({ store: { memories }, tamper }) => {
      await memories.storeEntries([aMemory('a'), aMemory('b')])
      const reached = await tamper('memory_entries', 'a', (text) => text.replace('about a', 'about x'))
      if (!reached) return assert.equal((await memories.createSnapshot()).entry_count, 2)
      await assertFails(memories.createSnapshot(), 'CORRUPT')
      assert.deepEqual(await memories.listSnapshots(), [])
    },
  },
  {
    id: 'memories-snapshot-refused',
    title: 'what is no snapshot is refused, and nothing is kept',
    methods: ['memories.createSnapshot', 'memories.listSnapshots', 'memories.deleteSnapshot'],
    run: async ({ store }) => {
      const { memories } = store
      await memories.storeEntry(aMemory('a'))
      const bad: readonly unknown[] = [
        null,
        's',
        { id: '' },
        { id: 7 },
        { id: 'x'.repeat(257) },
        { label: 7 },
        { metadata: 'x' },
        { metadata: { n: Number.NaN } },
        { metadata: JSON.parse('{"__proto__":1}') },
        { where: null },
        { where: [] },
        { where: 'all' },
        { where: { colour: 'red' } },
        { where: { task_id: undefined } },
        { where: { task_id: 7n } },
        { actor: '' },
        { actor: 7 },
        { provenance: {} },
        { name: 's' },
      ]
      for (const options of bad) {
        await assertFails(() => memories.createSnapshot(unchecked(options)), 'INVALID_ARGUMENT')
      }
      await assertFails(() => memories.listSnapshots(unchecked({ colour: 'red' })), 'INVALID_ARGUMENT')
      await assertFails(() => memories.deleteSnapshot(''), 'INVALID_ARGUMENT')
      await assertFails(() => memories.deleteSnapshot('s', unchecked({ force: true })), 'INVALID_ARGUMENT')
      await assertFails(() => memories.deleteSnapshot('s', { actor: '' }), 'INVALID_ARGUMENT')
      assert.deepEqual(await memories.listSnapshots(), [])
      assert.equal(await store.collection(memorySnapshotEntries).count(), 0)
      assert.equal(await store.audit.head(), undefined)
    },
  },
]
