/** The audit log: appending, repeated deliveries, asking. */

import assert from 'node:assert/strict'
import { entryHash, GENESIS_HASH } from '@coffer/core'
import { AUDIT_STREAM, type AuditEntry, type AuditMethods } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { auditProofCases } from './audit-proof.ts'
import { idsOf, origin } from './memory-records.ts'

const appendCases: readonly AgentCase[] = [
  {
    id: 'audit-entry',
    title: 'an entry says who did what, with the states, where it comes from, its place and its hash',
    methods: ['audit.append', 'audit.getEntry'],
    run: async ({ store, clock }) => {
      const provenance = origin({ source_event_id: 'e1', source_event_ids: ['e2', 'e1'] })
      const metadata = { reason: 'user_request', nested: [1, null] }
      const options = { metadata, provenance, sourceEventIds: ['e3', 'e2'] }
      const entry = await store.audit.append('agent-1', 'update_state', { count: 0 }, { count: 1 }, options)
      const { id, content_hash, ...rest } = entry
      assert.match(id, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
      assert.match(content_hash, /^[\da-f]{64}$/)
      assert.deepEqual(rest, {
        timestamp: new Date(clock.now()),
        actor: 'agent-1',
        action: 'update_state',
        state_before: { count: 0 },
        state_after: { count: 1 },
        metadata,
        provenance,
        source_event_ids: ['e3', 'e2', 'e1'],
        log: AUDIT_STREAM,
        sequence: 1,
        previous_hash: GENESIS_HASH,
      })
      assert.deepEqual(await store.audit.getEntry(id), entry)
      assert.equal(await store.audit.getEntry('unknown'), undefined)
    },
  },
  {
    id: 'audit-any-state',
    title: 'states are any JSON, and undefined is kept as null',
    methods: ['audit.append'],
    run: async ({ store: { audit } }) => {
      for (const state of [null, 'text', 1.5, false, [], [{ a: [null] }], {}]) {
        const entry = await audit.append('a', 'b', state, state)
        assert.deepEqual([entry.state_before, entry.state_after], [state, state])
      }
      const silent = await audit.append('a', 'b', undefined, undefined)
      assert.deepEqual([silent.state_before, silent.state_after], [null, null])
      assert.deepEqual(await audit.getEntry(silent.id), silent)
    },
  },
  {
    id: 'audit-hash',
    title: 'the hash is the one that entryHash tells of the entry as JSON, over the one before',
    methods: ['audit.append', 'audit.head'],
    run: async ({ store }) => {
      assert.equal(await store.audit.head(), undefined)
      const first = await store.audit.append('a', 'b', 1, 2, { provenance: origin() })
      const second = await store.audit.append('a', 'b', 2, 3)
      assert.equal(second.previous_hash, first.content_hash)
      assert.deepEqual(await store.audit.head(), { sequence: 2, hash: second.content_hash })
      const { content_hash, ...entry } = JSON.parse(JSON.stringify(first))
      const place = { tenant: store.tenantName, stream: AUDIT_STREAM, sequence: 1, previous: GENESIS_HASH }
      assert.equal(entryHash({ log: 'audit_log_entries', ...place, entry }), content_hash)
    },
  },
  {
    id: 'audit-transaction',
    title: 'an entry in a transaction is committed with the data, or never was',
    methods: ['audit.append'],
    run: async ({ store }) => {
      const session = { session_id: 's', agent_id: 'a', status: 'active', created_at: '2026-03-01T11:00:00Z' }
      const undone = store.transaction(async (tx) => {
        await tx.registry.saveSession(session)
        await tx.audit.append('a', 'start_session', null, session)
        throw new Error('changed my mind')
      })
      await assert.rejects(undone, { message: 'changed my mind' })
      assert.equal(await store.audit.head(), undefined)
      await store.transaction(async (tx) => {
        await tx.registry.saveSession(session)
        await tx.audit.append('a', 'start_session', null, session)
      })
      assert.equal((await store.audit.head())?.sequence, 1)
      assert.ok(await store.registry.getSession('s'))
      assert.deepEqual(await store.audit.verifyLog(), { ok: true, entries: 1 })
    },
  },
  {
    id: 'audit-at-once',
    title: 'sixty-four callers at once make one chain without a gap',
    methods: ['audit.append', 'audit.verifyLog'],
    inTransactions: false,
    run: async ({ store: { audit } }) => {
      const calls = Array.from({ length: 64 }, (_each, n) => audit.append(`agent-${n}`, 'count', n, n + 1))
      const entries = await Promise.all(calls)
      const places = entries.map((each) => each.sequence).sort((left, right) => left - right)
      assert.deepEqual(
        places,
        Array.from({ length: 64 }, (_each, n) => n + 1),
      )
      assert.deepEqual(await audit.verifyLog(), { ok: true, entries: 64 })
    },
  },
  {
    id: 'audit-repeated',
    title: 'a call with an id can be repeated later and at once, and adds one entry',
    methods: ['audit.append'],
    run: async ({ store: { audit }, clock }) => {
      const options = { id: 'delivery-1', provenance: origin(), metadata: { n: 1 } }
      const once = () => audit.append('a', 'b', { x: 1 }, undefined, options)
      const first = await once()
      clock.advance(1_000)
      assert.deepEqual(await once(), first)
      assert.deepEqual(await audit.pageEntries(), { records: [first], next: undefined })
    },
  },
  {
    id: 'audit-repeated-at-once',
    title: 'repetitions that meet add one entry',
    methods: ['audit.append'],
    inTransactions: false,
    run: async ({ store: { audit } }) => {
      const calls = Array.from({ length: 8 }, () => audit.append('a', 'b', 1, 2, { id: 'delivery-1' }))
      const entries = await Promise.all(calls)
      assert.deepEqual(new Set(entries.map((each) => each.sequence)), new Set([1]))
      assert.equal((await audit.head())?.sequence, 1)
    },
  },
  {
    id: 'audit-known-id',
    title: 'another entry with a known id is refused, and nothing is added',
    methods: ['audit.append'],
    run: async ({ store: { audit } }) => {
      const said = { id: 'x', metadata: { n: 1 }, provenance: origin() }
      await audit.append('a', 'b', 1, 2, said)
      const others = [
        () => audit.append('c', 'b', 1, 2, said),
        () => audit.append('a', 'c', 1, 2, said),
        () => audit.append('a', 'b', 0, 2, said),
        () => audit.append('a', 'b', 1, 0, said),
        () => audit.append('a', 'b', 1, 2, { ...said, metadata: { n: 2 } }),
        () => audit.append('a', 'b', 1, 2, { ...said, sourceEventIds: ['e'] }),
        () => audit.append('a', 'b', 1, 2, { ...said, provenance: origin({ timestamp: new Date(0) }) }),
      ]
      for (const other of others) await assertFails(other, 'ALREADY_EXISTS')
      assert.equal((await audit.head())?.sequence, 1)
    },
  },
  {
    id: 'audit-refused',
    title: 'what is no entry is refused, and nothing is added',
    methods: ['audit.append'],
    run: async ({ store: { audit } }) => {
      const bad: readonly unknown[][] = [
        [undefined, 'b', 1, 2],
        ['', 'b', 1, 2],
        ['a', '', 1, 2],
        ['a', 7, 1, 2],
        ['a', 'b', Number.NaN, 2],
        ['a', 'b', 1, () => 2],
        ['a', 'b', 1, new Map()],
        ['a', 'b', 1, 2, null],
        ['a', 'b', 1, 2, { reason: 'x' }],
        ['a', 'b', 1, 2, { metadata: 'x' }],
        ['a', 'b', 1, 2, { provenance: {} }],
        ['a', 'b', 1, 2, { provenance: 'task-1' }],
        ['a', 'b', 1, 2, { provenance: { ...origin(), timestamp: '2026' } }],
        ['a', 'b', 1, 2, { provenance: { ...origin(), timestamp: new Date(Number.NaN) } }],
        ['a', 'b', 1, 2, { provenance: { ...origin(), colour: 'red' } }],
        ['a', 'b', 1, 2, { provenance: { ...origin(), source_event_ids: 'e' } }],
        ['a', 'b', 1, 2, { provenance: { ...origin(), source_event_ids: 7 } }],
        ['a', 'b', 1, 2, { provenance: null }],
        ['a', 'b', 1, 2, { sourceEventIds: 'e' }],
        ['a', 'b', 1, 2, { sourceEventIds: null }],
        ['a', 'b', 1, 2, { sourceEventIds: [7] }],
        ['a', 'b', 1, 2, { id: '' }],
        ['a', 'b', 1, 2, { id: 7 }],
      ]
      const append = audit.append as (...parameters: unknown[]) => Promise<AuditEntry>
      for (const parameters of bad) await assertFails(() => append(...parameters), 'INVALID_ARGUMENT')
      await assertFails(() => audit.append('a', 'b', 1, 2, { signal: AbortSignal.abort() }), 'ABORTED')
      assert.equal(await audit.head(), undefined)
    },
  },
  {
    id: 'audit-tenants',
    title: 'every tenant has a log of its own',
    methods: ['audit.append', 'audit.head', 'audit.getEntry'],
    run: async ({ store, otherTenant }) => {
      await store.audit.append('a', 'b', 1, 2, { id: 'x' })
      assert.equal(await otherTenant.audit.getEntry('x'), undefined)
      assert.equal(await otherTenant.audit.head(), undefined)
      assert.equal((await otherTenant.audit.append('a', 'b', 1, 2, { id: 'x' })).sequence, 1)
    },
  },
]

/** Four entries, a second apart. */
async function four(audit: AuditMethods, clock: { advance(milliseconds: number): void }): Promise<void> {
  const said = [
    ['agent-1', 'create', { provenance: origin({ source_event_id: 'e1' }) }],
    ['agent-2', 'update', { provenance: origin({ step_id: 'step-2' }), sourceEventIds: ['e1', 'e2'] }],
    ['agent-1', 'update', { provenance: origin({ task_id: 'task-2', source_event_ids: ['e2', 'e3'] }) }],
    ['agent-1', 'delete', {}],
  ] as const
  for (const [index, [actor, action, options]] of said.entries()) {
    await audit.append(actor, action, null, null, { ...options, id: String(index + 1) })
    clock.advance(1_000)
  }
}

const queryCases: readonly AgentCase[] = [
  {
    id: 'audit-query',
    title: 'entries are found by actor, action and where they come from, newest first',
    methods: ['audit.queryByActor', 'audit.queryByAction', 'audit.queryByProvenance'],
    run: async ({ store: { audit }, clock }) => {
      await four(audit, clock)
      assert.equal(idsOf(await audit.queryByActor('agent-1')), '431')
      assert.equal(idsOf(await audit.queryByActor('agent-1', { order: 'asc' })), '134')
      assert.equal(idsOf(await audit.queryByActor('agent-1', { action: 'update' })), '3')
      assert.equal(idsOf(await audit.queryByActor('agent-1', { limit: 1, offset: 1 })), '3')
      assert.equal(idsOf(await audit.queryByActor('nobody')), '')
      assert.equal(idsOf(await audit.queryByAction('update')), '32')
      assert.equal(idsOf(await audit.queryByProvenance({ task_id: 'task-1' })), '21')
      assert.equal(idsOf(await audit.queryByProvenance({ task_id: 'task-1', step_id: 'step-1' })), '1')
      assert.equal(idsOf(await audit.queryByProvenance({ step_id: 'step-1' })), '31')
      assert.equal(idsOf(await audit.queryByProvenance({ source_event_id: 'e1' })), '21')
      assert.equal(idsOf(await audit.queryByProvenance({ source_event_id: 'e2' })), '32')
      assert.equal(idsOf(await audit.queryByProvenance({ source_event_id: 'e3', task_id: 'task-1' })), '')
    },
  },
  {
    id: 'audit-time-range',
    title: 'a time range has both its ends, as Date or as text',
    methods: ['audit.queryByTimeRange'],
    run: async ({ store: { audit }, clock }) => {
      const start = clock.now()
      const at = (second: number) => new Date(start + second * 1_000)
      await four(audit, clock)
      assert.equal(idsOf(await audit.queryByTimeRange(at(1), at(2))), '32')
      assert.equal(idsOf(await audit.queryByTimeRange(at(1).toISOString(), at(9))), '432')
      assert.equal(idsOf(await audit.queryByTimeRange(at(0), at(9), { actor: 'agent-2' })), '2')
      assert.equal(idsOf(await audit.queryByTimeRange(at(2), at(1))), '')
    },
  },
  {
    id: 'audit-one-instant',
    title: 'entries of one instant stand in the order of the log',
    methods: ['audit.pageEntries', 'audit.iterateEntries'],
    run: async ({ store: { audit } }) => {
      for (const id of ['c', 'a', 'b', 'e', 'd']) await audit.append('x', 'y', null, null, { id })
      assert.equal(idsOf(await gathered(audit.iterateEntries({ order: 'asc', limit: 2 }))), 'cabed')
      const first = await audit.pageEntries({ actor: 'x', limit: 3 })
      const second = await audit.pageEntries({ actor: 'x', limit: 3, cursor: first.next })
      assert.deepEqual([idsOf(first.records), idsOf(second.records)], ['deb', 'ac'])
      assert.equal(second.next, undefined)
      assert.equal(idsOf(await audit.queryByActor('x', { limit: 3, cursor: first.next })), 'ac')
    },
  },
  {
    id: 'audit-query-refused',
    title: 'a question that can not be meant is refused',
    methods: [
      'audit.queryByActor',
      'audit.queryByTimeRange',
      'audit.queryByProvenance',
      'audit.iterateEntries',
    ],
    run: async ({ store: { audit } }) => {
      const bad = [
        () => audit.queryByActor(unchecked(undefined)),
        () => audit.queryByActor(unchecked(null)),
        () => audit.queryByAction(unchecked(7)),
        () => audit.queryByAction(unchecked(null)),
        () => audit.queryByActor('a', unchecked(null)),
        () => audit.queryByActor('a', unchecked([])),
        () => audit.queryByActor('a', { limit: 0 }),
        () => audit.queryByActor('a', { actor: 'b' }),
        () => audit.queryByActor('a', { order: unchecked('up') }),
        () => audit.queryByActor('a', unchecked({ metadata: 'x' })),
        () => audit.queryByActor('a', { cursor: 'made up' }),
        () => audit.queryByTimeRange(unchecked(undefined), new Date()),
        () => audit.queryByTimeRange('yesterday', new Date()),
        () => audit.queryByProvenance({}),
        () => audit.queryByProvenance(unchecked(undefined)),
        () => audit.queryByProvenance(unchecked({ task: 'x' })),
        () => audit.queryByProvenance({ task_id: unchecked(null) }),
        () => audit.queryByProvenance({ task_id: 'x', step_id: unchecked({ exists: false }) }),
        () => audit.queryByProvenance({ source_event_id: unchecked(['e']) }),
        () => audit.pageEntries(unchecked(null)),
        () => audit.pageEntries(unchecked([])),
        () => audit.pageEntries(unchecked({ colour: 'red' })),
        () => gathered(audit.iterateEntries({ order: unchecked('up') })),
      ]
      for (const question of bad) await assertFails(question, 'INVALID_ARGUMENT')
    },
  },
]

export const auditCases: readonly AgentCase[] = [...appendCases, ...queryCases, ...auditProofCases]
