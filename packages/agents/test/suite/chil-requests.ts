/** Verification requests: making, reading and listing them, and their audit trail. */

import assert from 'node:assert/strict'
import type { AgentStore, NewVerificationRequest } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'

export function aRequest(id: string, more: Partial<NewVerificationRequest> = {}): NewVerificationRequest {
  return {
    request_id: id,
    client_id: 'client_1',
    content: 'AI response to verify',
    content_type: 'text',
    frameworks: ['consistency', 'empirical'],
    ...more,
  }
}

/** The names of the steps of a request. */
export async function steps(store: AgentStore, requestId: string): Promise<string> {
  const trail = await store.chil.verification.getAuditTrail(requestId)
  return trail.map(({ event, actor }) => `${event}:${actor}`).join(' ')
}

export const chilRequestCases: readonly AgentCase[] = [
  {
    id: 'chil-request-created',
    title: 'a request waits with the time of the store, and comes back as it was answered',
    methods: ['chil.verification.createVerificationRequest', 'chil.verification.getRequest'],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      const request = await verification.createVerificationRequest(
        aRequest('req_123', { metadata: { any: [1, null] } }),
      )
      assert.deepEqual(request, {
        ...aRequest('req_123', { metadata: { any: [1, null] } }),
        priority: 0,
        status: 'pending',
        created_at: new Date(clock.now()).toISOString(),
        claimed_by: null,
        claimed_at: null,
        claim_expires_at: null,
        attempts: 0,
        finished_at: null,
        failure: null,
      })
      assert.deepEqual(await verification.getRequest('req_123'), request)
      assert.equal(await verification.getRequest('nobody'), undefined)
      assert.equal(await steps(store, 'req_123'), 'created:client_1')
    },
  },
  {
    id: 'chil-request-twice',
    title: 'a request is made once, also when several make it at once',
    methods: ['chil.verification.createVerificationRequest'],
    inTransactions: false,
    run: async ({ store }) => {
      const { verification } = store.chil
      const made = await Promise.allSettled(
        [1, 2, 3].map((priority) => verification.createVerificationRequest(aRequest('r', { priority }))),
      )
      const refused = made.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
      assert.deepEqual(refused, ['ALREADY_EXISTS', 'ALREADY_EXISTS'])
      assert.equal(await steps(store, 'r'), 'created:client_1')
    },
  },
  {
    id: 'chil-request-refused',
    title: 'what is no request is refused, and nothing is stored',
    methods: ['chil.verification.createVerificationRequest'],
    run: async ({ store }) => {
      const { verification } = store.chil
      const bad: unknown[] = [
        undefined,
        aRequest('r', { frameworks: [] }),
        aRequest('r', { frameworks: ['a', 'a'] }),
        aRequest('r', { priority: 0.5 }),
        aRequest('r', { content: unchecked(7) }),
        aRequest(''),
        { ...aRequest('r'), status: 'completed' },
        { ...aRequest('r'), colour: 'red' },
      ]
      for (const each of bad) {
        await assertFails(verification.createVerificationRequest(unchecked(each)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await verification.listRequests(), [])
      assert.deepEqual(await verification.getAuditTrail('r'), [])
    },
  },
  {
    id: 'chil-request-lists',
    title: 'lists are newest first, filter, page, and bring results along',
    methods: [
      'chil.verification.listRequests',
      'chil.verification.pageRequests',
      'chil.verification.iterateRequests',
      'chil.verification.getRequest',
    ],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      for (const id of ['a', 'b', 'c']) {
        await verification.createVerificationRequest(
          aRequest(id, { client_id: id === 'b' ? 'client_2' : 'client_1', frameworks: ['logic', id] }),
        )
        clock.advance(1_000)
      }
      await verification.claimRequest('a', 'worker')
      const result = { request_id: 'a', framework: 'logic', worker: 'worker', verdict: 'pass' } as const
      await verification.recordResult(result)
      const ids = (requests: readonly { readonly request_id: string }[]) =>
        requests.map((each) => each.request_id).join('')
      assert.equal(ids(await verification.listRequests()), 'cba')
      assert.equal(ids(await verification.listRequests({ client_id: 'client_1' })), 'ca')
      assert.equal(ids(await verification.listRequests({ frameworks: { has: 'b' } })), 'b')
      assert.equal(ids(await verification.listRequests({ status: 'claimed', claimed_by: 'worker' })), 'a')
      const first = await verification.pageRequests({ limit: 2, with: ['results'] })
      assert.deepEqual(
        first.records.map(({ results }) => results.length),
        [0, 0],
      )
      const second = await verification.pageRequests({ limit: 2, cursor: first.next, with: ['results'] })
      assert.equal(second.records[0]?.results[0]?.framework, 'logic')
      const all = await gathered(verification.iterateRequests({ limit: 1, with: ['results'] }))
      assert.deepEqual([ids(all), all.at(-1)?.results.length], ['cba', 1])
      assert.equal((await verification.getRequest('a', { with: ['results'] }))?.results.length, 1)
    },
  },
  {
    id: 'chil-request-lists-refused',
    title: 'what a list or a read does not know is refused',
    methods: [
      'chil.verification.listRequests',
      'chil.verification.pageRequests',
      'chil.verification.iterateRequests',
      'chil.verification.getRequest',
    ],
    run: async ({ store: { chil } }) => {
      const { verification } = chil
      for (const bad of [null, { with: ['clients'] }, { colour: 'red' }].map(unchecked)) {
        await assertFails(verification.listRequests(bad), 'INVALID_ARGUMENT')
        await assertFails(verification.pageRequests(bad), 'INVALID_ARGUMENT')
        await assertFails(async () => gathered(verification.iterateRequests(bad)), 'INVALID_ARGUMENT')
        await assertFails(verification.getRequest('r', bad), 'INVALID_ARGUMENT')
      }
    },
  },
  {
    id: 'chil-request-audit',
    title: 'the trail tells every step of a request and is in order',
    methods: ['chil.verification.getAuditTrail', 'chil.verification.verifyAuditTrail'],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      await verification.createVerificationRequest(aRequest('r', { frameworks: ['logic'] }))
      await verification.claimRequest('r', 'one', { claimMs: 1_000 })
      clock.advance(1_000)
      await verification.claimRequest('r', 'two')
      await verification.releaseClaim('r', 'two', 'too much to do')
      await verification.claimRequest('r', 'one')
      await verification.claimRequest('r', 'one')
      await verification.recordResult({ request_id: 'r', framework: 'logic', worker: 'one', verdict: 'fail' })
      const expected =
        'created:client_1 claimed:one claimed:two released:two claimed:one renewed:one result:one'
      assert.equal(await steps(store, 'r'), expected)
      const trail = await verification.getAuditTrail('r', { afterSequence: 2, limit: 2 })
      assert.deepEqual(
        trail.map(({ taken_from, reason, status }) => [taken_from, reason, status]),
        [
          ['one', undefined, 'claimed'],
          [undefined, 'too much to do', 'pending'],
        ],
      )
      const [last] = await verification.getAuditTrail('r', { afterSequence: 6 })
      assert.deepEqual([last?.status, last?.framework], ['completed', 'logic'])
      assert.deepEqual(await verification.verifyAuditTrail('r'), { ok: true, entries: 7 })
      assert.deepEqual(await verification.verifyAuditTrail('nobody'), { ok: true, entries: 0 })
    },
  },
  {
    id: 'chil-request-audit-long',
    title: 'the trail of a request is told whole, however many steps there are',
    methods: ['chil.verification.getAuditTrail', 'chil.verification.iterateAuditTrail'],
    run: async ({ store }) => {
      const { verification } = store.chil
      await verification.createVerificationRequest(aRequest('r'))
      for (let renewal = 1; renewal <= 100; renewal++) await verification.claimRequest('r', 'one')
      const trail = await verification.getAuditTrail('r')
      assert.deepEqual(
        trail.map(({ sequence }) => sequence),
        Array.from({ length: 101 }, (_each, place) => place + 1),
      )
      assert.deepEqual(await gathered(verification.iterateAuditTrail('r')), trail)
      const behind = await gathered(verification.iterateAuditTrail('r', { afterSequence: 99 }))
      assert.deepEqual(behind, trail.slice(99))
      const latest = await verification.getAuditTrail('r', { reverse: true, limit: 2 })
      assert.deepEqual(latest, trail.slice(-2).reverse())
      for (const bad of [{ limit: 0 }, { limit: 100_001 }, { cursor: 'x' }, { colour: 1 }, null]) {
        await assertFails(verification.getAuditTrail('r', unchecked(bad)), 'INVALID_ARGUMENT')
      }
      const limited = unchecked({ limit: 1 })
      await assertFails(gathered(verification.iterateAuditTrail('r', limited)), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'chil-request-audit-edited',
    title: 'a step that was edited behind the store’s back is found',
    methods: ['chil.verification.verifyAuditTrail'],
    alone: true,
    run: async ({ store, tamper }) => {
      const { verification } = store.chil
      await verification.createVerificationRequest(aRequest('r'))
      await verification.claimRequest('r', 'one')
      const [, second] = await verification.getAuditTrail('r')
      assert.ok(second)
      const edit = (document: string) => document.replace('"one"', '"two"')
      const edited = await tamper('verification_audit', second.entry_id, edit)
      const report = await verification.verifyAuditTrail('r')
      assert.deepEqual([report.ok, report.problem?.sequence], edited ? [false, 2] : [true, undefined])
    },
  },
  {
    id: 'chil-request-tenant',
    title: 'a tenant sees nothing of another, and a transaction takes everything back',
    methods: ['chil.verification.listRequests', 'chil.verification.getPendingRequests'],
    run: async ({ store, otherTenant }) => {
      await otherTenant.chil.verification.createVerificationRequest(aRequest('r'))
      assert.deepEqual(await store.chil.verification.listRequests(), [])
      assert.deepEqual(await store.chil.verification.getPendingRequests(), [])
      assert.equal(await store.chil.verification.claimNext('worker'), undefined)
      const failing = store.transaction(async ({ chil: { verification } }) => {
        await verification.createVerificationRequest(aRequest('r'))
        await verification.claimRequest('r', 'worker')
        throw new Error('changed my mind')
      })
      await assert.rejects(failing, /changed my mind/)
      assert.equal(await store.chil.verification.getRequest('r'), undefined)
      assert.deepEqual(await store.chil.verification.getAuditTrail('r'), [])
    },
  },
]
