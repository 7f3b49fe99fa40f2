/** Claims of verification requests: one worker at a time, for a time. */

import assert from 'node:assert/strict'
import type { PendingOptions } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { aRequest, steps } from './chil-requests.ts'

const MINUTE_MS = 60_000

export const chilClaimCases: readonly AgentCase[] = [
  {
    id: 'chil-claim-pending',
    title: 'what waits comes by priority, then by age; claimed ones only when their claim has run out',
    methods: ['chil.verification.getPendingRequests'],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      for (const [id, priority] of [
        ['old', 0],
        ['urgent', 5],
        ['new', 0],
        ['taken', 9],
      ] as const) {
        await verification.createVerificationRequest(aRequest(id, { priority, client_id: `of ${id}` }))
        clock.advance(1)
      }
      await verification.claimRequest('taken', 'worker', { claimMs: MINUTE_MS })
      const ids = async (options?: PendingOptions) =>
        (await verification.getPendingRequests(options)).map((each) => each.request_id)
      assert.deepEqual(await ids({ limit: 10 }), ['urgent', 'old', 'new'])
      assert.deepEqual(await ids({ limit: 1, offset: 1 }), ['old'])
      assert.deepEqual(await ids({ client_id: 'of new' }), ['new'])
      assert.deepEqual(await ids({ or: [{ priority: 5 }, { client_id: 'of taken' }] }), ['urgent'])
      assert.deepEqual(await ids({ frameworks: { has: 'nobody asks' } }), [])
      clock.advance(MINUTE_MS - 1)
      assert.equal((await ids()).length, 3)
      clock.advance(1)
      assert.deepEqual(await ids({ limit: 1 }), ['taken'])
    },
  },
  {
    id: 'chil-claim-pending-refused',
    title: 'a list of what waits refuses what it does not know',
    methods: ['chil.verification.getPendingRequests'],
    run: async ({ store: { chil } }) => {
      for (const bad of [null, { limit: 0 }, { cursor: 'x' }, { colour: 'red' }, { priority: 'high' }]) {
        await assertFails(chil.verification.getPendingRequests(unchecked(bad)), 'INVALID_ARGUMENT')
      }
    },
  },
  {
    id: 'chil-claim-race',
    title: 'of workers that claim a request at once exactly one has it',
    methods: ['chil.verification.claimRequest'],
    inTransactions: false,
    run: async ({ store }) => {
      const { verification } = store.chil
      await verification.createVerificationRequest(aRequest('r'))
      const workers = Array.from({ length: 8 }, (_each, index) => `worker ${index}`)
      const claims = await Promise.allSettled(workers.map((worker) => verification.claimRequest('r', worker)))
      const won = claims.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      const lost = claims.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
      assert.deepEqual([won.length, new Set(lost)], [1, new Set(['VERSION_CONFLICT'])])
      const request = await verification.getRequest('r')
      assert.deepEqual(request, won[0])
      assert.equal(request?.attempts, 1)
      assert.equal(await steps(store, 'r'), `created:client_1 claimed:${request?.claimed_by}`)
    },
  },
  {
    id: 'chil-claim-next-race',
    title: 'workers that ask for the next request at once get different ones, until none waits',
    methods: ['chil.verification.claimNext'],
    inTransactions: false,
    run: async ({ store }) => {
      const { verification } = store.chil
      for (const id of ['a', 'b', 'c']) await verification.createVerificationRequest(aRequest(id))
      const workers = ['one', 'two', 'three', 'four', 'five']
      const claims = await Promise.all(workers.map((worker) => verification.claimNext(worker)))
      assert.deepEqual(claims.flatMap((each) => (each ? [each.request_id] : [])).sort(), ['a', 'b', 'c'])
      assert.equal(claims.filter((each) => each === undefined).length, 2)
    },
  },
  {
    id: 'chil-claim-next',
    title: 'the next request is the first of those that wait and that are meant',
    methods: ['chil.verification.claimNext'],
    run: async ({ store: { chil } }) => {
      const { verification } = chil
      await verification.createVerificationRequest(aRequest('plain'))
      await verification.createVerificationRequest(aRequest('logic', { frameworks: ['logic'] }))
      await verification.createVerificationRequest(aRequest('urgent', { priority: 1 }))
      const logical = await verification.claimNext('w', { frameworks: { has: 'logic' }, claimMs: 5 })
      assert.deepEqual([logical?.request_id, logical?.claimed_by], ['logic', 'w'])
      assert.equal((await verification.claimNext('w'))?.request_id, 'urgent')
      assert.equal((await verification.claimNext('w'))?.request_id, 'plain')
      assert.equal(await verification.claimNext('w'), undefined)
    },
  },
  {
    id: 'chil-claim-time',
    title: 'a claim runs out at its instant, and another worker takes over',
    methods: ['chil.verification.claimRequest'],
    run: async ({ store: { chil }, clock }) => {
      const { verification } = chil
      await verification.createVerificationRequest(aRequest('r'))
      const first = await verification.claimRequest('r', 'one')
      assert.equal(first.claim_expires_at, new Date(clock.now() + 5 * MINUTE_MS).toISOString())
      clock.advance(5 * MINUTE_MS - 1)
      await assertFails(verification.claimRequest('r', 'two'), 'VERSION_CONFLICT')
      clock.advance(1)
      const second = await verification.claimRequest('r', 'two', { claimMs: MINUTE_MS })
      assert.deepEqual([second.claimed_by, second.attempts], ['two', 2])
      await assertFails(verification.claimRequest('r', 'one'), 'VERSION_CONFLICT')
    },
  },
  {
    id: 'chil-claim-renewed',
    title: 'the worker that has a request gets its claim anew',
    methods: ['chil.verification.claimRequest'],
    run: async ({ store: { chil }, clock }) => {
      const { verification } = chil
      await verification.createVerificationRequest(aRequest('r'))
      const { claimed_at } = await verification.claimRequest('r', 'one', { claimMs: MINUTE_MS })
      clock.advance(MINUTE_MS - 1)
      const renewed = await verification.claimRequest('r', 'one', { claimMs: MINUTE_MS })
      assert.deepEqual([renewed.claimed_at, renewed.attempts], [claimed_at, 1])
      clock.advance(MINUTE_MS - 1)
      await assertFails(verification.claimRequest('r', 'two'), 'VERSION_CONFLICT')
    },
  },
  {
    id: 'chil-claim-late',
    title: 'a worker that claims its request anew after its claim has run out takes it from nobody',
    methods: ['chil.verification.claimRequest'],
    run: async ({ store: { chil }, clock }) => {
      const { verification } = chil
      await verification.createVerificationRequest(aRequest('r'))
      await verification.claimRequest('r', 'one', { claimMs: MINUTE_MS })
      clock.advance(MINUTE_MS)
      assert.equal((await verification.claimRequest('r', 'one')).attempts, 2)
      const [step] = await verification.getAuditTrail('r', { afterSequence: 2 })
      assert.deepEqual([step?.event, step?.taken_from], ['claimed', undefined])
    },
  },
  {
    id: 'chil-claim-released',
    title: 'a request that is given back waits again',
    methods: ['chil.verification.releaseClaim'],
    run: async ({ store: { chil } }) => {
      const { verification } = chil
      await verification.createVerificationRequest(aRequest('r'))
      await assertFails(verification.releaseClaim('r', 'one'), 'VERSION_CONFLICT')
      await verification.claimRequest('r', 'one')
      await assertFails(verification.releaseClaim('r', 'two'), 'VERSION_CONFLICT')
      await assertFails(verification.releaseClaim('nobody', 'one'), 'NOT_FOUND')
      const released = await verification.releaseClaim('r', 'one')
      assert.deepEqual([released.status, released.claimed_by, released.attempts], ['pending', null, 1])
      assert.equal((await verification.claimRequest('r', 'two')).attempts, 2)
    },
  },
  {
    id: 'chil-claim-failed',
    title: 'a request that is given up is over, by the worker that has it alone',
    methods: ['chil.verification.failRequest'],
    run: async ({ store: { chil }, clock }) => {
      const { verification } = chil
      await verification.createVerificationRequest(aRequest('r'))
      await assertFails(verification.failRequest('nobody', 'one', 'broken'), 'NOT_FOUND')
      await verification.claimRequest('r', 'one', { claimMs: MINUTE_MS })
      await assertFails(verification.failRequest('r', 'two', 'broken'), 'VERSION_CONFLICT')
      await assertFails(verification.failRequest('r', 'one', ''), 'INVALID_ARGUMENT')
      const failed = await verification.failRequest('r', 'one', 'broken')
      assert.deepEqual([failed.status, failed.failure, failed.claimed_by], ['failed', 'broken', null])
      assert.equal(failed.finished_at, new Date(clock.now()).toISOString())
      await assertFails(verification.claimRequest('r', 'one'), 'VERSION_CONFLICT')
      assert.equal(await verification.claimNext('one'), undefined)
    },
  },
  {
    id: 'chil-claim-run-out',
    title: 'a worker whose claim has run out can neither give back nor give up',
    methods: ['chil.verification.releaseClaim', 'chil.verification.failRequest'],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      await verification.createVerificationRequest(aRequest('r'))
      const claimed = await verification.claimRequest('r', 'one', { claimMs: MINUTE_MS })
      clock.advance(MINUTE_MS)
      await assertFails(verification.releaseClaim('r', 'one'), 'VERSION_CONFLICT')
      await assertFails(verification.failRequest('r', 'one', 'broken'), 'VERSION_CONFLICT')
      assert.deepEqual(await verification.getRequest('r'), claimed)
      assert.equal(await steps(store, 'r'), 'created:client_1 claimed:one')
    },
  },
  {
    id: 'chil-claim-refused',
    title: 'a claim needs a request, a worker and known options',
    methods: ['chil.verification.claimRequest', 'chil.verification.claimNext'],
    run: async ({ store: { chil } }) => {
      const { verification } = chil
      await assertFails(verification.claimRequest('nobody', 'one'), 'NOT_FOUND')
      const request = await verification.createVerificationRequest(aRequest('r'))
      await assertFails(verification.claimRequest('r', ''), 'INVALID_ARGUMENT')
      await assertFails(verification.claimNext(unchecked(7)), 'INVALID_ARGUMENT')
      for (const bad of [{ claimMs: 0 }, { claimMs: 1.5 }, { claimMs: Infinity }, { ttlMs: 1 }, null]) {
        await assertFails(verification.claimRequest('r', 'one', unchecked(bad)), 'INVALID_ARGUMENT')
      }
      for (const bad of [null, { ttlMs: 1 }, { limit: 1 }, { claimMs: 0 }, { client_id: 7 }]) {
        await assertFails(verification.claimNext('one', unchecked(bad)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await verification.getRequest('r'), request)
    },
  },
]
