/** Results of verification: recorded with their request, listed, measured. */

import assert from 'node:assert/strict'
import type { AgentStore, NewVerificationResult } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aRequest, steps } from './chil-requests.ts'

const HOUR_MS = 3_600_000

function aResult(framework: string, more: Partial<NewVerificationResult> = {}): NewVerificationResult {
  return { request_id: 'r', framework, worker: 'one', verdict: 'pass', ...more }
}

/** A request that the worker `one` has. */
async function claimed(store: AgentStore, id = 'r'): Promise<void> {
  await store.chil.verification.createVerificationRequest(aRequest(id))
  await store.chil.verification.claimRequest(id, 'one')
}

const recordingCases: readonly AgentCase[] = [
  {
    id: 'chil-result-completes',
    title: 'the last of the frameworks completes the request',
    methods: ['chil.verification.recordResult'],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      await claimed(store)
      const given = aResult('consistency', { score: 0.5, confidence: 1, details: { why: ['x'] } })
      const first = await verification.recordResult(given)
      assert.equal(first.request.status, 'claimed')
      const recorded_at = new Date(clock.now()).toISOString()
      assert.deepEqual(first.result, { ...given, result_id: first.result.result_id, recorded_at })
      const last = await verification.recordResult(aResult('empirical', { verdict: 'fail' }))
      assert.deepEqual(
        [last.request.status, last.request.finished_at, last.request.claimed_by],
        ['completed', recorded_at, null],
      )
      const { results, ...request } = (await verification.getRequest('r', { with: ['results'] })) ?? {}
      assert.deepEqual([request, results], [last.request, [first.result, last.result]])
      await assertFails(verification.claimRequest('r', 'one'), 'VERSION_CONFLICT')
    },
  },
  {
    id: 'chil-result-at-once',
    title: 'results that meet complete the request all the same',
    methods: ['chil.verification.recordResult'],
    inTransactions: false,
    run: async ({ store }) => {
      const { verification } = store.chil
      const frameworks = ['a', 'b', 'c', 'd']
      await verification.createVerificationRequest(aRequest('r', { frameworks }))
      await verification.claimRequest('r', 'one')
      await Promise.all(frameworks.map((framework) => verification.recordResult(aResult(framework))))
      assert.equal((await verification.getRequest('r'))?.status, 'completed')
      assert.deepEqual(await verification.verifyAuditTrail('r'), { ok: true, entries: 6 })
    },
  },
  {
    id: 'chil-result-twice',
    title: 'a framework has one result, also when two of them meet, and after the end',
    methods: ['chil.verification.recordResult'],
    inTransactions: false,
    run: async ({ store }) => {
      const { verification } = store.chil
      await claimed(store)
      const twice = await Promise.allSettled([
        verification.recordResult(aResult('empirical')),
        verification.recordResult(aResult('empirical', { verdict: 'fail' })),
      ])
      const refused = twice.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
      assert.deepEqual(refused, ['ALREADY_EXISTS'])
      await verification.recordResult(aResult('consistency'))
      await assertFails(verification.recordResult(aResult('consistency')), 'ALREADY_EXISTS')
      assert.equal((await verification.listResults()).length, 2)
    },
  },
  {
    id: 'chil-result-not-asked',
    title: 'a framework that is not asked, and a request that is not there, are refused',
    methods: ['chil.verification.recordResult'],
    run: async ({ store }) => {
      const { verification } = store.chil
      await claimed(store)
      await assertFails(verification.recordResult(aResult('astrology')), 'INVALID_ARGUMENT')
      const astray = aResult('empirical', { request_id: 'nobody' })
      await assertFails(verification.recordResult(astray), 'REFERENCE_VIOLATION')
      assert.deepEqual(await verification.listResults(), [])
      assert.equal(await steps(store, 'r'), 'created:client_1 claimed:one')
    },
  },
  {
    id: 'chil-result-not-held',
    title: 'a worker without a claim that holds records nothing',
    methods: ['chil.verification.recordResult'],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      await verification.createVerificationRequest(aRequest('r'))
      await assertFails(verification.recordResult(aResult('empirical')), 'VERSION_CONFLICT')
      await verification.claimRequest('r', 'one', { claimMs: 1_000 })
      const others = aResult('empirical', { worker: 'two' })
      await assertFails(verification.recordResult(others), 'VERSION_CONFLICT')
      clock.advance(1_000)
      await assertFails(verification.recordResult(aResult('empirical')), 'VERSION_CONFLICT')
      await verification.claimRequest('r', 'two')
      await assertFails(verification.recordResult(aResult('empirical')), 'VERSION_CONFLICT')
      assert.deepEqual(await verification.listResults(), [])
      await verification.recordResult(others)
    },
  },
  {
    id: 'chil-result-after-failure',
    title: 'a request that was given up takes no result',
    methods: ['chil.verification.recordResult'],
    run: async ({ store }) => {
      const { verification } = store.chil
      await claimed(store)
      await verification.failRequest('r', 'one', 'broken')
      await assertFails(verification.recordResult(aResult('empirical')), 'VERSION_CONFLICT')
    },
  },
  {
    id: 'chil-result-refused',
    title: 'what is no result is refused, and nothing is stored',
    methods: ['chil.verification.recordResult'],
    run: async ({ store }) => {
      const { verification } = store.chil
      await claimed(store)
      const bad: unknown[] = [
        null,
        aResult('empirical', { verdict: unchecked('maybe') }),
        aResult('empirical', { score: Number.NaN }),
        aResult('empirical', { confidence: 1.01 }),
        aResult('empirical', { duration_ms: -1 }),
        aResult('empirical', { worker: '' }),
        { ...aResult('empirical'), recorded_at: '2026-01-01T00:00:00.000Z' },
      ]
      for (const each of bad) {
        await assertFails(verification.recordResult(unchecked(each)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await verification.listResults(), [])
    },
  },
]

const readingCases: readonly AgentCase[] = [
  {
    id: 'chil-result-lists',
    title: 'results are listed newest first, filtered, page by page',
    methods: [
      'chil.verification.listResults',
      'chil.verification.pageResults',
      'chil.verification.iterateResults',
    ],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      await claimed(store)
      await claimed(store, 's')
      await verification.recordResult(aResult('empirical', { score: 0.25 }))
      clock.advance(1)
      await verification.recordResult(aResult('consistency', { verdict: 'fail' }))
      clock.advance(1)
      await verification.recordResult(aResult('empirical', { request_id: 's', score: 0.75 }))
      const names = (results: readonly { request_id: string; framework: string }[]) =>
        results.map((each) => `${each.request_id}:${each.framework}`).join(' ')
      assert.equal(names(await verification.listResults()), 's:empirical r:consistency r:empirical')
      assert.equal(names(await verification.listResults({ verdict: 'fail' })), 'r:consistency')
      assert.equal(names(await verification.listResults({ score: { gt: 0.5 } })), 's:empirical')
      const page = await verification.pageResults({ framework: 'empirical', limit: 1 })
      const next = await verification.pageResults({ framework: 'empirical', limit: 1, cursor: page.next })
      assert.equal(names([...page.records, ...next.records]), 's:empirical r:empirical')
      assert.equal((await gathered(verification.iterateResults({ limit: 1, request_id: 'r' }))).length, 2)
      await assertFails(verification.listResults(unchecked({ colour: 'red' })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'chil-result-metrics',
    title: 'metrics count, average and rate by framework and by hour',
    methods: ['chil.verification.aggregateMetrics'],
    run: async ({ store, clock }) => {
      const { verification } = store.chil
      await claimed(store)
      await claimed(store, 's')
      await claimed(store, 't')
      const first = { score: 0.1, confidence: 0.5, duration_ms: 20 }
      await verification.recordResult(aResult('empirical', first))
      await verification.recordResult(
        aResult('empirical', { request_id: 's', verdict: 'uncertain', score: 0.2 }),
      )
      await verification.recordResult(aResult('consistency', { verdict: 'fail' }))
      clock.advance(HOUR_MS)
      await verification.claimRequest('t', 'one')
      await verification.recordResult(aResult('empirical', { request_id: 't', score: 0.9 }))
      const none = { mean_score: null, min_score: null, max_score: null, mean_confidence: null }
      const consistency = { framework: 'consistency', results: 1, passed: 0, pass_rate: 0, ...none }
      assert.deepEqual(await verification.aggregateMetrics(), [
        { ...consistency, period_start: null, mean_duration_ms: null },
        {
          framework: 'empirical',
          period_start: null,
          results: 3,
          passed: 2,
          pass_rate: 2 / 3,
          mean_score: 1.2 / 3,
          min_score: 0.1,
          max_score: 0.9,
          mean_confidence: 0.5,
          mean_duration_ms: 20,
        },
      ])
      const hourly = await verification.aggregateMetrics({ framework: 'empirical', everyMs: HOUR_MS })
      assert.deepEqual(
        hourly.map(({ period_start, results, pass_rate, mean_score }) => [
          period_start,
          results,
          pass_rate,
          mean_score,
        ]),
        [
          ['2026-03-01T12:00:00.000Z', 2, 0.5, 0.15],
          ['2026-03-01T13:00:00.000Z', 1, 1, 0.9],
        ],
      )
      const since = new Date(clock.now())
      const [late] = await verification.aggregateMetrics({ recorded_at: { gte: since } })
      assert.deepEqual([late?.results, late?.passed, late?.pass_rate], [1, 1, 1])
      assert.deepEqual(await verification.aggregateMetrics({ framework: 'nobody' }), [])
    },
  },
  {
    id: 'chil-result-metrics-refused',
    title: 'metrics refuse what they do not know',
    methods: ['chil.verification.aggregateMetrics'],
    run: async ({ store: { chil } }) => {
      for (const bad of [null, { everyMs: 0 }, { everyMs: 'hour' }, { colour: 'red' }, { score: 'high' }]) {
        await assertFails(chil.verification.aggregateMetrics(unchecked(bad)), 'INVALID_ARGUMENT')
      }
    },
  },
]

export const chilResultCases: readonly AgentCase[] = [...recordingCases, ...readingCases]
