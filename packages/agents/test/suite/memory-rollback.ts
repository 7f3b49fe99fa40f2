/** Snapshots of memories: going back to them. */

import assert from 'node:assert/strict'
import { memoryEntries } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { aMemory, idsOf, origin } from './memory-records.ts'

export const memoryRollbackCases: readonly AgentCase[] = [
  {
    id: 'memories-rollback',
    title: 'added entries are gone, deleted ones are back, changed ones as they were, and the rest untouched',
    methods: ['memories.rollbackTo'],
    run: async ({ store }) => {
      const { memories } = store
      await memories.storeEntries(['a', 'b', 'c'].map((id) => aMemory(id, { tags: [id] })))
      const before = await memories.queryEntries()
      const snapshot = await memories.createSnapshot({ id: 's' })
      await memories.storeEntry(aMemory('d'))
      await memories.deleteEntry('b')
      await memories.storeEntry(aMemory('c', { content: 'changed' }))
      const { audit_id, ...told } = await memories.rollbackTo('s')
      assert.deepEqual(told, { snapshot, restored: 1, reverted: 1, removed: 1, unchanged: 1 })
      assert.deepEqual(await memories.queryEntries(), before)
      assert.equal(idsOf(await memories.queryEntries({ tags: ['b'] })), 'b')
      assert.equal((await store.audit.getEntry(audit_id))?.action, 'memories.rollback')
      const { version } = (await store.collection(memoryEntries).getEntry('a')) ?? {}
      assert.equal(version, 1)
    },
  },
  {
    id: 'memories-rollback-audited',
    title: 'a rollback is told in the audit log, with who, why, the hashes before and after, and the counts',
    methods: ['memories.rollbackTo'],
    run: async ({ store }) => {
      const { content_hash } = await store.memories.createSnapshot({ id: 's' })
      await store.memories.storeEntry(aMemory('a'))
      const options = { actor: 'agent-1', provenance: origin(), metadata: { reason: 'lost its way' } }
      await store.memories.rollbackTo('s', options)
      await store.memories.rollbackTo('s')
      const [again, first] = await store.audit.queryByAction('memories.rollback')
      const counts = { restored: 0, reverted: 0, unchanged: 0 }
      const after = { snapshot_id: 's', entry_count: 0, content_hash, ...counts }
      assert.deepEqual(first?.state_after, { ...after, removed: 1 })
      assert.deepEqual([first?.actor, first?.metadata], ['agent-1', options.metadata])
      assert.deepEqual(first?.provenance, options.provenance)
      const was = first?.state_before as { entry_count: number; content_hash: string }
      assert.equal(was.entry_count, 1)
      assert.notEqual(was.content_hash, content_hash)
      assert.deepEqual(again?.state_before, { entry_count: 0, content_hash })
      assert.deepEqual([again?.actor, again?.state_after], ['memories', { ...after, removed: 0 }])
      assert.equal((await store.audit.verifyLog()).ok, true)
    },
  },
  {
    id: 'memories-rollback-part',
    title: 'a snapshot with a filter leaves all others alone',
    methods: ['memories.rollbackTo'],
    run: async ({ store: { memories } }) => {
      const other = (id: string) => aMemory(id, { provenance: origin({ task_id: 'task-2' }) })
      await memories.storeEntries([aMemory('a'), aMemory('b'), other('x')])
      await memories.createSnapshot({ id: 's', where: { task_id: 'task-1' } })
      await memories.storeEntries([aMemory('c'), other('y'), other('x'), other('b')])
      await memories.deleteEntry('a')
      const { restored, reverted, removed, unchanged } = await memories.rollbackTo('s')
      assert.deepEqual([restored, reverted, removed, unchanged], [1, 1, 1, 0])
      assert.equal(idsOf(await memories.queryEntries({ task_id: 'task-1' })), 'ba')
      assert.equal(idsOf(await memories.queryEntries({ task_id: 'task-2' })), 'yx')
    },
  },
  {
    id: 'memories-rollback-between',
    title: 'earlier and later snapshots stay, and one can go back and forth between them',
    methods: ['memories.rollbackTo', 'memories.listSnapshots'],
    run: async ({ store: { memories }, clock }) => {
      const states = ['', 'a', 'ba', 'cba']
      for (const state of states) {
        const last = state[0]
        if (last !== undefined) await memories.storeEntry(aMemory(last))
        await memories.createSnapshot({ id: `s${state}` })
        clock.advance(1)
      }
      for (const state of ['a', 'cba', '', 'ba', 'ba']) {
        await memories.rollbackTo(`s${state}`)
        assert.equal(idsOf(await memories.queryEntries()), state)
      }
      assert.equal((await memories.listSnapshots()).length, 4)
    },
  },
  {
    id: 'memories-rollback-many',
    title: 'more entries than one page are taken away and brought back',
    methods: ['memories.rollbackTo'],
    run: async ({ store }) => {
      const { memories } = store
      const many = (letter: string) => Array.from({ length: 401 }, (_each, n) => aMemory(`${letter}${n}`))
      await memories.createSnapshot({ id: 'none' })
      await memories.storeEntries(many('a'))
      await memories.createSnapshot({ id: 'some' })
      await memories.storeEntries(many('b'))
      assert.equal((await memories.rollbackTo('none')).removed, 802)
      assert.equal((await memories.rollbackTo('some')).restored, 401)
      assert.equal(await store.collection(memoryEntries).count(), 401)
    },
  },
  {
    id: 'memories-rollback-undone',
    title: 'a rollback in a transaction that is undone never was',
    methods: ['memories.rollbackTo'],
    run: async ({ store }) => {
      await store.memories.createSnapshot({ id: 's' })
      await store.memories.storeEntry(aMemory('a'))
      const undone = store.transaction(async (tx) => {
        await tx.memories.rollbackTo('s')
        assert.deepEqual(await tx.memories.queryEntries(), [])
        throw new Error('changed my mind')
      })
      await assert.rejects(undone, { message: 'changed my mind' })
      assert.equal(idsOf(await store.memories.queryEntries()), 'a')
      assert.deepEqual(await store.audit.queryByAction('memories.rollback'), [])
    },
  },
  {
    id: 'memories-rollback-meets',
    title: 'what is stored while a rollback runs is there as a whole afterwards, or not at all',
    methods: ['memories.rollbackTo', 'memories.storeEntries'],
    inTransactions: false,
    run: async ({ store: { memories } }) => {
      const pair = (n: number) => [aMemory(`x${n}`), aMemory(`y${n}`)]
      await memories.storeEntries([aMemory('a'), aMemory('b')])
      await memories.createSnapshot({ id: 's' })
      await memories.deleteEntry('a')
      const stores = Array.from({ length: 8 }, (_each, n) => memories.storeEntries(pair(n)))
      await Promise.all([...stores.slice(0, 4), memories.rollbackTo('s'), ...stores.slice(4)])
      const left = new Set((await memories.queryEntries()).map((entry) => entry.id))
      assert.ok(left.delete('a') && left.delete('b'))
      for (let n = 0; n < 8; n++) assert.equal(left.has(`x${n}`), left.has(`y${n}`))
    },
  },
  ...['memory_snapshots', 'memory_snapshot_entries'].map(
    (table): AgentCase => ({
      id: `memories-rollback-damaged-${table === 'memory_snapshots' ? 'snapshot' : 'entry'}`,
      title: `a snapshot that was edited in ${table} is refused, and nothing is changed`,
      methods: ['memories.rollbackTo'],
      alone: true,
      run: async ({ store, tamper }) => {
        await store.memories.storeEntry(aMemory('a'))
        await store.memories.createSnapshot({ id: 's', label: 'about a' })
        await store.memories.storeEntry(aMemory('b'))
        const key = table === 'memory_snapshots' ? 's' : 's/000000000000'
        const reached = await tamper(table, key, (text) => text.replace('about a', 'about x'))
        if (!reached) return assert.equal((await store.memories.rollbackTo('s')).removed, 1)
        await assertFails(store.memories.rollbackTo('s'), 'CORRUPT')
        assert.equal(idsOf(await store.memories.queryEntries()), 'ba')
        assert.deepEqual(await store.audit.queryByAction('memories.rollback'), [])
      },
    }),
  ),
  {
    id: 'memories-rollback-refused',
    title: 'an unknown snapshot and unknown options are refused, and nothing is changed',
    methods: ['memories.rollbackTo'],
    run: async ({ store }) => {
      const { memories } = store
      await memories.createSnapshot({ id: 's' })
      await memories.storeEntry(aMemory('a'))
      await assertFails(memories.rollbackTo('unknown'), 'NOT_FOUND')
      await assertFails(() => memories.rollbackTo(''), 'INVALID_ARGUMENT')
      await assertFails(() => memories.rollbackTo(unchecked(undefined)), 'INVALID_ARGUMENT')
      const bad = [null, { reason: 'x' }, { actor: '' }, { metadata: 'x' }, { provenance: {} }]
      for (const options of bad) {
        await assertFails(() => memories.rollbackTo('s', unchecked(options)), 'INVALID_ARGUMENT')
        await assertFails(() => memories.rollbackTo('unknown', unchecked(options)), 'INVALID_ARGUMENT')
      }
      assert.equal(idsOf(await memories.queryEntries()), 'a')
      assert.equal((await store.audit.head())?.sequence, 1)
    },
  },
]
