/** Resolutions and sessions of the registry. */

import assert from 'node:assert/strict'
import {
  type Resolution,
  type ResolutionListOptions,
  resolution,
  type SessionListOptions,
} from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { anEvent, aResolution, aSession } from './registry-records.ts'

const HOUR_MS = 3_600_000

const resolutionCases: readonly AgentCase[] = [
  {
    id: 'registry-resolution-round-trip',
    title: 'a resolution comes back as it was saved, with its times in UTC',
    methods: ['registry.saveResolution', 'registry.getResolution'],
    run: async ({ store: { registry } }) => {
      const full: Resolution = {
        ...aResolution('r'),
        context_blocks: [{ block_id: 'b', content: 'text' }],
        allowed_actions: [{ action: 'refund', limit: 20.5 }],
        denied_actions: ['delete_user'],
        policies_applied: [],
        created_at: '2026-03-01T12:00:00+01:00',
        expires_at: null,
        metadata: { nested: { any: [1, null, 'x'] } },
      }
      assert.equal(await registry.saveResolution(full), 1)
      assert.deepEqual(await registry.getResolution('r'), { ...full, created_at: '2026-03-01T11:00:00.000Z' })
    },
  },
  {
    id: 'registry-resolution-replaced',
    title: 'saving again replaces it and raises the version',
    methods: ['registry.saveResolution'],
    run: async ({ store: { registry } }) => {
      await registry.saveResolution(aResolution('r'))
      assert.equal(await registry.saveResolution(aResolution('r', { decision: 'deny' })), 2)
      assert.equal((await registry.getResolution('r'))?.decision, 'deny')
    },
  },
  {
    id: 'registry-resolution-if-version',
    title: 'ifVersion guards against a lost update',
    methods: ['registry.saveResolution'],
    run: async ({ store: { registry } }) => {
      await registry.saveResolution(aResolution('r'))
      await registry.saveResolution(aResolution('r', { decision: 'deny' }), { ifVersion: 1 })
      await assertFails(registry.saveResolution(aResolution('r'), { ifVersion: 1 }), 'VERSION_CONFLICT')
      assert.equal((await registry.getResolution('r'))?.decision, 'deny')
    },
  },
  {
    id: 'registry-resolution-bulk',
    title: 'a bulk save stores all or none and names the one that does not fit',
    methods: ['registry.bulkSaveResolutions', 'registry.listResolutions'],
    run: async ({ store: { registry } }) => {
      const bad: Resolution = unchecked({ ...aResolution('c'), decision: 7 })
      const refused = registry.bulkSaveResolutions([aResolution('a'), aResolution('b'), bad])
      await assertFails(refused, 'INVALID_ARGUMENT', { index: 2 })
      assert.deepEqual(await registry.listResolutions(), [])
      assert.deepEqual(await registry.bulkSaveResolutions([aResolution('a'), aResolution('b')]), [1, 1])
      assert.deepEqual(await registry.bulkSaveResolutions([]), [])
    },
  },
  {
    id: 'registry-resolution-deadline',
    title: 'an expired resolution is gone at its instant',
    methods: ['registry.getResolution', 'registry.listResolutions', 'registry.deleteResolution'],
    run: async ({ store: { registry }, clock }) => {
      const deadline = clock.now() + HOUR_MS
      const expires_at = new Date(deadline).toISOString()
      await registry.bulkSaveResolutions([aResolution('short', { expires_at }), aResolution('long')])
      clock.set(deadline - 1)
      assert.notEqual(await registry.getResolution('short'), undefined)
      clock.set(deadline)
      assert.equal(await registry.getResolution('short'), undefined)
      assert.deepEqual(await listed(registry.listResolutions()), ['long'])
      assert.equal(await registry.deleteResolution('short'), false)
    },
  },
  {
    id: 'registry-cleanup',
    title: 'the cleanup removes what has expired, once, and tells how many',
    methods: ['registry.cleanupExpired'],
    inTransactions: false,
    run: async ({ store: { registry }, clock }) => {
      const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
      await registry.bulkSaveResolutions([aResolution('short', { expires_at }), aResolution('long')])
      assert.equal(await registry.cleanupExpired(), 0)
      clock.advance(HOUR_MS)
      assert.equal(await registry.cleanupExpired(), 1)
      assert.equal(await registry.cleanupExpired(), 0)
      assert.notEqual(await registry.getResolution('long'), undefined)
    },
  },
  {
    id: 'registry-resolution-deleted',
    title: 'a resolution is deleted once',
    methods: ['registry.deleteResolution'],
    run: async ({ store: { registry } }) => {
      await registry.saveResolution(aResolution('r'))
      assert.equal(await registry.deleteResolution('r'), true)
      assert.equal(await registry.deleteResolution('r'), false)
    },
  },
  {
    id: 'registry-resolution-filters',
    title: 'lists filter by agent, session, request, decision and time, newest first',
    methods: ['registry.listResolutions'],
    run: async ({ store: { registry } }) => {
      await registry.bulkSaveResolutions([
        aResolution('1', { created_at: '2026-03-01T01:00:00Z', decision: 'deny' }),
        aResolution('2', { created_at: '2026-03-01T02:00:00Z', agent_id: 'agent-2' }),
        aResolution('3', { created_at: '2026-03-01T03:00:00Z', session_id: 'session-2' }),
        aResolution('4', { created_at: '2026-03-01T03:00:00Z', request_id: 'asked' }),
      ])
      const ids = async (options: ResolutionListOptions) =>
        (await listed(registry.listResolutions(options))).join('')
      assert.equal(await ids({}), '4321')
      assert.equal(await ids({ agent_id: 'agent-1' }), '431')
      assert.equal(await ids({ session_id: 'session-2' }), '3')
      assert.equal(await ids({ request_id: 'asked' }), '4')
      assert.equal(await ids({ decision: 'deny' }), '1')
      const hour = { gte: '2026-03-01T02:00:00Z', lt: '2026-03-01T03:00:00Z' }
      assert.equal(await ids({ created_at: hour }), '2')
      assert.equal(await ids({ agent_id: 'agent-1', limit: 1, offset: 1 }), '3')
    },
  },
  {
    id: 'registry-resolution-pages',
    title: 'pages join to the whole list without gap or repetition',
    methods: ['registry.pageResolutions', 'registry.iterateResolutions'],
    run: async ({ store: { registry } }) => {
      const all = Array.from({ length: 25 }, (_each, index) => aResolution(`r${index + 10}`))
      await registry.bulkSaveResolutions(all)
      const expected = all.map((each) => each.resolution_id).reverse()
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await registry.pageResolutions({ decision: 'allow', limit: 7, cursor })
        seen.push(...page.records.map((each) => each.resolution_id))
        cursor = page.next
      } while (cursor !== undefined)
      assert.deepEqual(seen, expected)
      const walked = await gathered(registry.iterateResolutions({ limit: 4 }))
      assert.deepEqual(
        walked.map((each) => each.resolution_id),
        expected,
      )
    },
  },
  {
    id: 'registry-resolution-bad-questions',
    title: 'a field that is not declared, an undefined filter, a bad limit and a made up cursor are refused',
    methods: ['registry.listResolutions'],
    run: async ({ store: { registry } }) => {
      const bad = [{ metadata: 'x' }, { agent_id: undefined }, { limit: 0 }, { cursor: 'made up' }]
      for (const options of bad) {
        await assertFails(registry.listResolutions(unchecked(options)), 'INVALID_ARGUMENT')
      }
    },
  },
  {
    id: 'registry-resolution-refused',
    title: 'what is no resolution is refused, by the exported schema too',
    methods: ['registry.saveResolution'],
    run: async ({ store: { registry } }) => {
      const bad = [
        { ...aResolution('r'), agent_id: undefined },
        { ...aResolution('r'), risk: 1 },
        { ...aResolution('r'), created_at: '2026-03-01T11:00:00' },
        undefined,
      ]
      for (const each of bad) {
        assert.equal(resolution.safeParse(each).success, false)
        await assertFails(registry.saveResolution(unchecked(each)), 'INVALID_ARGUMENT')
      }
      await assertFails(registry.saveResolution(aResolution('')), 'INVALID_ARGUMENT')
      assert.equal(resolution.safeParse(aResolution('r')).success, true)
      assert.deepEqual(await registry.listResolutions(), [])
    },
  },
]

const sessionCases: readonly AgentCase[] = [
  {
    id: 'registry-session-ends',
    title: 'a session that ends gets the present instant',
    methods: ['registry.saveSession', 'registry.updateSession', 'registry.getSession'],
    run: async ({ store: { registry }, clock }) => {
      const metadata = { channel: 'chat' }
      await registry.saveSession(aSession('s', { metadata }))
      assert.equal(await registry.updateSession('s', { status: 'ended' }), 2)
      const ended_at = new Date(clock.now()).toISOString()
      const expected = aSession('s', { metadata, status: 'ended', ended_at })
      assert.deepEqual(await registry.getSession('s'), expected)
    },
  },
  {
    id: 'registry-session-given-end',
    title: 'a given end stands, and a later change leaves it alone',
    methods: ['registry.updateSession'],
    run: async ({ store: { registry } }) => {
      const ended_at = '2026-03-01T11:30:00.000Z'
      await registry.saveSession(aSession('s'))
      await registry.updateSession('s', { status: 'ended', ended_at })
      await registry.updateSession('s', { status: 'ended', metadata: { rated: 5 } })
      const expected = aSession('s', { status: 'ended', ended_at, metadata: { rated: 5 } })
      assert.deepEqual(await registry.getSession('s'), expected)
    },
  },
  {
    id: 'registry-session-unknown',
    title: 'an unknown session can not be updated',
    methods: ['registry.updateSession'],
    run: async ({ store: { registry } }) => {
      await assertFails(registry.updateSession('nobody', { status: 'ended' }), 'NOT_FOUND')
      assert.equal(await registry.getSession('nobody'), undefined)
    },
  },
  {
    id: 'registry-session-bad-changes',
    title: 'neither its id nor unknown members can be changed',
    methods: ['registry.updateSession'],
    run: async ({ store: { registry } }) => {
      await registry.saveSession(aSession('s'))
      for (const change of [{ session_id: 't' }, { mood: 'good' }, null]) {
        await assertFails(registry.updateSession('s', unchecked(change)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await registry.getSession('s'), aSession('s'))
    },
  },
  {
    id: 'registry-session-lists',
    title: 'lists filter by agent and status, page by page too',
    methods: ['registry.listSessions', 'registry.pageSessions', 'registry.iterateSessions'],
    run: async ({ store: { registry } }) => {
      await registry.saveSession(aSession('a'))
      await registry.saveSession(aSession('b', { status: 'ended' }))
      await registry.saveSession(aSession('c', { agent_id: 'agent-2' }))
      const ids = async (options: SessionListOptions) =>
        (await registry.listSessions(options)).map((each) => each.session_id).join('')
      assert.equal(await ids({ agent_id: 'agent-1' }), 'ba')
      assert.equal(await ids({ status: 'active' }), 'ca')
      assert.equal(await ids({ status: { in: ['active', 'ended'] }, limit: 2 }), 'cb')
      assert.notEqual((await registry.pageSessions({ limit: 2 })).next, undefined)
      assert.equal((await gathered(registry.iterateSessions({ limit: 1 }))).length, 3)
    },
  },
  {
    id: 'registry-session-deleted',
    title: 'a session is deleted once',
    methods: ['registry.deleteSession'],
    run: async ({ store: { registry } }) => {
      await registry.saveSession(aSession('s'))
      assert.equal(await registry.deleteSession('s'), true)
      assert.equal(await registry.deleteSession('s'), false)
    },
  },
]

const sharedCases: readonly AgentCase[] = [
  {
    id: 'registry-transaction',
    title: 'everything takes part in a transaction',
    methods: ['registry.saveSession', 'registry.saveResolution', 'registry.saveTraceEvents'],
    run: async ({ store }) => {
      const failing = store.transaction(async (transaction) => {
        await transaction.registry.saveSession(aSession('s'))
        await transaction.registry.saveResolution(aResolution('r'))
        await transaction.registry.saveTraceEvents([anEvent('a'), anEvent('b', { trace_id: 'trace-2' })])
        assert.equal((await transaction.registry.getTraceEvents('trace-2')).length, 1)
        throw new Error('changed my mind')
      })
      await assert.rejects(failing, /changed my mind/)
      assert.equal(await store.registry.getSession('s'), undefined)
      assert.equal(await store.registry.getResolution('r'), undefined)
      assert.deepEqual(await store.registry.getTraceEvents('trace-1'), [])
    },
  },
  {
    id: 'registry-tenant',
    title: 'a tenant sees nothing of another',
    methods: ['registry.getSession', 'registry.iterateTraceIds', 'registry.getSessionTraceEvents'],
    run: async ({ store, otherTenant }) => {
      await otherTenant.registry.saveSession(aSession('s'))
      await otherTenant.registry.saveTraceEvents([anEvent('a')])
      assert.equal(await store.registry.getSession('s'), undefined)
      assert.deepEqual(await gathered(store.registry.iterateTraceIds()), [])
      assert.deepEqual(await store.registry.getSessionTraceEvents('session-1'), [])
      assert.equal((await otherTenant.registry.getSessionTraceEvents('session-1')).length, 1)
    },
  },
]

async function listed(resolutions: Promise<readonly Resolution[]>): Promise<string[]> {
  return (await resolutions).map((each) => each.resolution_id)
}

export const registryCases: readonly AgentCase[] = [...resolutionCases, ...sessionCases, ...sharedCases]
