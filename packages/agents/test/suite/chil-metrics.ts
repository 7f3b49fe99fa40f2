/** Metrics of frameworks: recorded, listed, summed up. */

import assert from 'node:assert/strict'
import type { NewFrameworkMetric } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'

const HOUR_MS = 3_600_000

function aMetric(value: number, more: Partial<NewFrameworkMetric> = {}): NewFrameworkMetric {
  return { framework: 'empirical', name: 'latency', value, ...more }
}

export const chilMetricCases: readonly AgentCase[] = [
  {
    id: 'chil-metric-recorded',
    title: 'a metric gets an id and the time unless it brings them',
    methods: ['chil.framework.recordMetric'],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      const plain = await framework.recordMetric(aMetric(1))
      assert.equal(plain.recorded_at, new Date(clock.now()).toISOString())
      assert.match(plain.metric_id, /^[0-9a-f-]{36}$/)
      await framework.startExecution({ execution_id: 'e', framework: 'empirical' })
      const recorded_at = '2026-02-01T01:00:00+01:00'
      const full = { metric_id: 'm', execution_id: 'e', unit: 'ms', recorded_at, metadata: { any: [1] } }
      assert.deepEqual(await framework.recordMetric(aMetric(2, full)), {
        ...aMetric(2, full),
        recorded_at: '2026-02-01T00:00:00.000Z',
      })
      await assertFails(framework.recordMetric(aMetric(3, { metric_id: 'm' })), 'ALREADY_EXISTS')
      assert.equal((await framework.listMetrics()).length, 2)
    },
  },
  {
    id: 'chil-metric-reference',
    title: 'a metric of an execution that is not there is refused',
    methods: ['chil.framework.recordMetric', 'chil.framework.recordMetrics'],
    run: async ({ store: { chil } }) => {
      const astray = aMetric(1, { execution_id: 'nobody' })
      await assertFails(chil.framework.recordMetric(astray), 'REFERENCE_VIOLATION')
      await assertFails(chil.framework.recordMetrics([aMetric(1), astray]), 'REFERENCE_VIOLATION')
      assert.deepEqual(await chil.framework.listMetrics(), [])
    },
  },
  {
    id: 'chil-metric-bulk',
    title: 'many metrics are recorded all or none',
    methods: ['chil.framework.recordMetrics'],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      assert.equal((await framework.recordMetrics([aMetric(1), aMetric(2)])).length, 2)
      assert.deepEqual(await framework.recordMetrics([]), [])
      const bad = [aMetric(1), aMetric(Number.NaN)]
      await assertFails(framework.recordMetrics(bad), 'INVALID_ARGUMENT', { index: 1 })
      const twice = [aMetric(1, { metric_id: 'm' }), aMetric(1, { metric_id: 'm' })]
      await assertFails(framework.recordMetrics(twice), 'ALREADY_EXISTS', { index: 1 })
      await assertFails(framework.recordMetrics(unchecked('metrics')), 'INVALID_ARGUMENT')
      assert.equal((await framework.listMetrics()).length, 2)
    },
  },
  {
    id: 'chil-metric-refused',
    title: 'what is no metric is refused',
    methods: ['chil.framework.recordMetric'],
    run: async ({ store: { chil } }) => {
      const bad: unknown[] = [
        undefined,
        aMetric(Infinity),
        aMetric(1, { name: '' }),
        aMetric(1, { recorded_at: 'yesterday' }),
        { ...aMetric(1), colour: 'red' },
      ]
      for (const each of bad) {
        await assertFails(chil.framework.recordMetric(unchecked(each)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await chil.framework.listMetrics(), [])
    },
  },
  {
    id: 'chil-metric-lists',
    title: 'metrics are listed newest first, filtered, page by page',
    methods: ['chil.framework.listMetrics', 'chil.framework.pageMetrics', 'chil.framework.iterateMetrics'],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      for (const value of [1, 2, 3]) {
        await framework.recordMetric(aMetric(value, { unit: value === 2 ? 's' : 'ms' }))
        clock.advance(1)
      }
      const values = (metrics: readonly { readonly value: number }[]) => metrics.map(({ value }) => value)
      assert.deepEqual(values(await framework.listMetrics()), [3, 2, 1])
      assert.deepEqual(values(await framework.listMetrics({ unit: 'ms', value: { lt: 3 } })), [1])
      const page = await framework.pageMetrics({ limit: 2 })
      const next = await framework.pageMetrics({ limit: 2, cursor: page.next })
      assert.deepEqual(values([...page.records, ...next.records]), [3, 2, 1])
      assert.deepEqual(values(await gathered(framework.iterateMetrics({ limit: 1, offset: 1 }))), [2, 1])
      await assertFails(framework.listMetrics(unchecked({ colour: 'red' })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'chil-metric-aggregate',
    title: 'metrics are summed up by framework, name and hour, exactly',
    methods: ['chil.framework.aggregateMetrics'],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      await framework.recordMetrics([0.1, 0.2].map((value) => aMetric(value)))
      await framework.recordMetric(aMetric(7, { framework: 'logic', name: 'tokens' }))
      clock.advance(HOUR_MS)
      await framework.recordMetric(aMetric(0.4))
      const latency = { framework: 'empirical', name: 'latency' }
      assert.deepEqual(await framework.aggregateMetrics({ framework: 'empirical' }), [
        { ...latency, period_start: null, count: 3, sum: 0.7, mean: 0.7 / 3, min: 0.1, max: 0.4 },
      ])
      const hourly = await framework.aggregateMetrics({ everyMs: HOUR_MS })
      const noon = '2026-03-01T12:00:00.000Z'
      const one = '2026-03-01T13:00:00.000Z'
      assert.deepEqual(hourly, [
        { ...latency, period_start: noon, count: 2, sum: 0.3, mean: 0.15, min: 0.1, max: 0.2 },
        { ...latency, period_start: one, count: 1, sum: 0.4, mean: 0.4, min: 0.4, max: 0.4 },
        { framework: 'logic', name: 'tokens', period_start: noon, count: 1, sum: 7, mean: 7, min: 7, max: 7 },
      ])
      assert.deepEqual(await framework.aggregateMetrics({ name: 'nobody' }), [])
      for (const bad of [null, { everyMs: 0 }, { colour: 'red' }, { value: 'much' }]) {
        await assertFails(framework.aggregateMetrics(unchecked(bad)), 'INVALID_ARGUMENT')
      }
    },
  },
]
