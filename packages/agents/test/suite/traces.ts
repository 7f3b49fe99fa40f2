/** Traces of the registry: deliveries of events, reading, proof. */

import assert from 'node:assert/strict'
import { entryHash, GENESIS_HASH } from '@coffer/core'
import type { TraceEvent } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { anEvent } from './registry-records.ts'

const deliveryCases: readonly AgentCase[] = [
  {
    id: 'traces-chain',
    title: 'events get their places and hashes, and the trace is in order',
    methods: ['registry.saveTraceEvents', 'registry.getTraceEvents', 'registry.verifyTrace'],
    run: async ({ store: { registry } }) => {
      const saved = await registry.saveTraceEvents([anEvent('a'), anEvent('b', { payload: [1, 'x', null] })])
      assert.deepEqual(places(saved), [1, 2])
      assert.equal(saved[1]?.previous_event_hash, saved[0]?.event_hash)
      assert.deepEqual(await registry.getTraceEvents('trace-1'), saved)
      assert.deepEqual(await registry.verifyTrace('trace-1'), { ok: true, entries: 2 })
    },
  },
  {
    id: 'traces-hash',
    title: 'the hash is the one that entryHash tells',
    methods: ['registry.saveTraceEvents'],
    run: async ({ store }) => {
      const [saved] = await store.registry.saveTraceEvents([anEvent('a')])
      assert.ok(saved)
      const { event_hash, ...entry } = saved
      const place = { tenant: store.tenantName, stream: 'trace-1', sequence: 1, previous: GENESIS_HASH }
      assert.equal(entryHash({ log: 'trace_events', ...place, entry }), event_hash)
    },
  },
  {
    id: 'traces-sorted',
    title: 'events that bring their places are put in order within a delivery',
    methods: ['registry.saveTraceEvents'],
    run: async ({ store: { registry } }) => {
      const delivery = [
        anEvent('third'),
        anEvent('second', { sequence: 2 }),
        anEvent('first', { sequence: 1 }),
      ]
      assert.deepEqual(places(await registry.saveTraceEvents(delivery)), [3, 2, 1])
    },
  },
  {
    id: 'traces-early',
    title: 'a delivery that comes too early is refused, and accepted after what was missing',
    methods: ['registry.saveTraceEvents'],
    run: async ({ store: { registry } }) => {
      const early = [anEvent('b', { sequence: 2 })]
      await assertFails(registry.saveTraceEvents(early), 'VERSION_CONFLICT')
      await registry.saveTraceEvents([anEvent('a', { sequence: 1 })])
      assert.deepEqual(places(await registry.saveTraceEvents(early)), [2])
    },
  },
  {
    id: 'traces-repeated',
    title: 'repeated and overlapping deliveries change nothing, with or without places',
    methods: ['registry.saveTraceEvents'],
    run: async ({ store: { registry } }) => {
      const events = [1, 2, 3, 4].map((sequence) => anEvent(`e${sequence}`, { sequence }))
      const plain = [1, 2, 3, 4].map((sequence) => anEvent(`e${sequence}`))
      const first = await registry.saveTraceEvents(events.slice(0, 3))
      assert.deepEqual(await registry.saveTraceEvents(events.slice(0, 3)), first)
      assert.deepEqual(await registry.saveTraceEvents(plain.slice(0, 3)), first)
      assert.deepEqual(places(await registry.saveTraceEvents(events.slice(1))), [2, 3, 4])
      const stored = await registry.getTraceEvents('trace-1')
      assert.equal((await registry.saveTraceEvents(stored)).length, 4)
      const twice = [anEvent('e5', { sequence: 5 }), anEvent('e5', { sequence: 5 })]
      assert.deepEqual(places(await registry.saveTraceEvents(twice)), [5, 5])
      assert.deepEqual(await registry.verifyTrace('trace-1'), { ok: true, entries: 5 })
    },
  },
  {
    id: 'traces-known-id',
    title: 'another event with a known id is refused and named by its position',
    methods: ['registry.saveTraceEvents'],
    run: async ({ store: { registry } }) => {
      await registry.saveTraceEvents([anEvent('a', { sequence: 1 }), anEvent('b', { sequence: 2 })])
      for (const other of [
        anEvent('b', { severity: 'error' }),
        anEvent('b', { payload: { more: true } }),
        anEvent('b', { sequence: 1 }),
        anEvent('b', { trace_id: 'trace-2' }),
      ]) {
        const delivery = [anEvent('c', { trace_id: other.trace_id }), other]
        await assertFails(registry.saveTraceEvents(delivery), 'ALREADY_EXISTS', { index: 1 })
      }
      assert.equal((await registry.getTraceEvents('trace-1')).length, 2)
      assert.deepEqual(await registry.getTraceEvents('trace-2'), [])
    },
  },
  {
    id: 'traces-forged-hash',
    title: 'a hash that is not its own is refused',
    methods: ['registry.saveTraceEvents'],
    run: async ({ store: { registry } }) => {
      const forged = anEvent('a', { event_hash: 'f'.repeat(64) })
      await assertFails(registry.saveTraceEvents([forged]), 'VERSION_CONFLICT')
      assert.deepEqual(await registry.getTraceEvents('trace-1'), [])
    },
  },
  {
    id: 'traces-several',
    title: 'a delivery over several traces is all or nothing',
    methods: ['registry.saveTraceEvents', 'registry.iterateTraceIds'],
    run: async ({ store: { registry } }) => {
      const good = anEvent('a', { trace_id: 'trace-a' })
      const early = anEvent('b', { trace_id: 'trace-b', sequence: 2 })
      await assertFails(registry.saveTraceEvents([good, early]), 'VERSION_CONFLICT')
      assert.deepEqual(await registry.getTraceEvents('trace-a'), [])
      await registry.saveTraceEvents([good, { ...early, sequence: 1 }, anEvent('c', { trace_id: 'trace-a' })])
      assert.deepEqual(ids(await registry.getTraceEvents('trace-a')), ['a', 'c'])
      assert.deepEqual(await gathered(registry.iterateTraceIds()), ['trace-a', 'trace-b'])
    },
  },
  {
    id: 'traces-refused',
    title: 'what is no delivery of events is refused',
    methods: ['registry.saveTraceEvents'],
    run: async ({ store: { registry } }) => {
      const bad = [
        'events',
        [undefined],
        [{ ...anEvent('a'), trace_id: undefined }],
        [{ ...anEvent('a'), event_id: undefined }],
        [{ ...anEvent('a'), colour: 'red' }],
      ]
      for (const each of bad) {
        await assertFails(registry.saveTraceEvents(unchecked(each)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await registry.getTraceEvents('trace-1'), [])
    },
  },
]

const readingCases: readonly AgentCase[] = [
  {
    id: 'traces-session',
    title: 'a session shows the events of all its traces in time',
    methods: ['registry.getSessionTraceEvents'],
    run: async ({ store: { registry } }) => {
      const at = (second: number) => `2026-03-01T11:00:0${second}.000Z`
      await registry.saveTraceEvents([
        anEvent('a1', { trace_id: 'a', timestamp: at(1) }),
        anEvent('a2', { trace_id: 'a', timestamp: at(4) }),
        anEvent('b1', { trace_id: 'b', timestamp: at(2) }),
        anEvent('other', { trace_id: 'b', timestamp: at(3), session_id: 'session-2' }),
      ])
      assert.deepEqual(ids(await registry.getSessionTraceEvents('session-1')), ['a1', 'b1', 'a2'])
      assert.deepEqual(ids(await registry.getSessionTraceEvents('session-1', { limit: 2 })), ['a1', 'b1'])
    },
  },
  {
    id: 'traces-long',
    title: 'five thousand events in one call are read whole, in part and one by one',
    methods: ['registry.getTraceEvents', 'registry.iterateTraceEvents', 'registry.verifyTrace'],
    run: async ({ store: { registry } }) => {
      const events = Array.from({ length: 5_000 }, (_each, index) => anEvent(`e${index}`))
      assert.equal((await registry.saveTraceEvents(events)).length, 5_000)
      assert.equal((await registry.getTraceEvents('trace-1')).at(-1)?.event_id, 'e4999')
      const part = await registry.getTraceEvents('trace-1', { afterSequence: 4_990, limit: 3 })
      assert.deepEqual(places(part), [4_991, 4_992, 4_993])
      const last = await gathered(registry.iterateTraceEvents('trace-1', { afterSequence: 4_998 }))
      assert.deepEqual(places(last), [4_999, 5_000])
      assert.deepEqual(await registry.verifyTrace('trace-1'), { ok: true, entries: 5_000 })
    },
  },
  {
    id: 'traces-expected-head',
    title: 'a head kept elsewhere shows a trace that was written anew',
    methods: ['registry.verifyTrace'],
    run: async ({ store: { registry } }) => {
      const [saved] = await registry.saveTraceEvents([anEvent('a')])
      const expectedHead = { sequence: 1, hash: String(saved?.event_hash) }
      assert.equal((await registry.verifyTrace('trace-1', { expectedHead })).ok, true)
      const another = { sequence: 1, hash: GENESIS_HASH }
      assert.equal((await registry.verifyTrace('trace-1', { expectedHead: another })).ok, false)
    },
  },
  {
    id: 'traces-edited',
    title: 'an event that was edited behind the store’s back is found',
    methods: ['registry.verifyTrace'],
    alone: true,
    run: async ({ store: { registry }, tamper }) => {
      await registry.saveTraceEvents(['a', 'b', 'c'].map((id) => anEvent(id)))
      const edited = await tamper('trace_events', 'b', (document) => document.replace('info', 'none'))
      const report = await registry.verifyTrace('trace-1')
      assert.equal(report.ok, !edited)
      assert.equal(report.problem?.sequence, edited ? 2 : undefined)
    },
  },
  {
    id: 'traces-bad-limits',
    title: 'limits out of bounds are refused',
    methods: ['registry.getTraceEvents', 'registry.getSessionTraceEvents'],
    run: async ({ store: { registry } }) => {
      await assertFails(registry.getTraceEvents('t', { limit: 0 }), 'INVALID_ARGUMENT')
      await assertFails(registry.getSessionTraceEvents('s', { limit: 1.5 }), 'INVALID_ARGUMENT')
    },
  },
]

function places(events: readonly TraceEvent[]): number[] {
  return events.map((each) => each.sequence)
}

function ids(events: readonly TraceEvent[]): string[] {
  return events.map((each) => each.event_id)
}

export const traceCases: readonly AgentCase[] = [...deliveryCases, ...readingCases]
