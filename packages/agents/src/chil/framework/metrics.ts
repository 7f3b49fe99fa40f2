/** The methods for metrics: recording them, and what they come to by name and time. */

import { type BaseStore, type Filter, type GroupBy, type RecordPage, StoreError } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { checkListOptions, type ListOptions, listsOf } from '../../listing.ts'
import { newId } from '../../new-id.ts'
import { measuredNumber, periodStart } from '../measured.ts'
import {
  type FrameworkMetric,
  frameworkMetrics,
  type NewFrameworkMetric,
  newFrameworkMetric,
} from './framework-metric.ts'

/** The fields by which metrics are asked for. */
export type FrameworkMetricField =
  | 'metric_id'
  | 'framework'
  | 'execution_id'
  | 'name'
  | 'value'
  | 'unit'
  | 'recorded_at'

/** Which metrics: equal values or operators for each field, all of which must hold, and the paging. */
export type FrameworkMetricListOptions = ListOptions<FrameworkMetricField>

/** Which metrics are summed up, and whether by time: `{ recorded_at: { gte, lt }, everyMs: 3_600_000 }`. */
export type FrameworkMetricsOptions = Filter<FrameworkMetricField> & {
  /** The length of a period in milliseconds; periods begin at its multiples since 1970, UTC. Default: no periods. */
  readonly everyMs?: number | undefined
}

/** What the metrics of one name and framework come to, in one period. */
export interface FrameworkMetricSummary {
  readonly framework: string
  readonly name: string
  /** The beginning of the period, ISO 8601; null where none were asked for. */
  readonly period_start: string | null
  readonly count: number
  readonly sum: number
  readonly mean: number | null
  readonly min: number | null
  readonly max: number | null
}

/** Methods for metrics. */
export interface FrameworkMetricMethods {
  /**
   * Records a metric. @returns it as it is stored
   * @throws `REFERENCE_VIOLATION` for an unknown execution, in a transaction at its commit; `ALREADY_EXISTS` when
   *   there is one with its id
   */
  recordMetric(metric: NewFrameworkMetric): Promise<FrameworkMetric>
  /** As `recordMetric`, all or none; a refusal names the index. */
  recordMetrics(metrics: readonly NewFrameworkMetric[]): Promise<FrameworkMetric[]>
  /** The metrics that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listMetrics(options?: FrameworkMetricListOptions): Promise<FrameworkMetric[]>
  /** As `listMetrics`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageMetrics(options?: FrameworkMetricListOptions): Promise<RecordPage<FrameworkMetric>>
  /** As `listMetrics`, all of them, page by page. */
  iterateMetrics(options?: FrameworkMetricListOptions): AsyncGenerator<FrameworkMetric, void, undefined>
  /**
   * Count, sum, mean, least and greatest of the metrics that match, by framework and name, and by period where
   * `everyMs` is given; sorted so. Periods without a metric are left out. Units are not told apart: ask for one
   * `unit` where a name has several.
   *
   * @throws `LIMIT_EXCEEDED` for more than 10,000 rows
   */
  aggregateMetrics(options?: FrameworkMetricsOptions): Promise<FrameworkMetricSummary[]>
}

const NEWEST_FIRST = { recorded_at: 'desc' } as const

/** Makes the metric methods of one handle. */
export function frameworkMetricMethods(store: BaseStore): FrameworkMetricMethods {
  const collection = store.collection(frameworkMetrics)
  const lists = listsOf(collection, NEWEST_FIRST)
  return {
    recordMetric: async (metric) => {
      const complete = completed(store, checkedRecord(newFrameworkMetric, metric, 'recordMetric'))
      await collection.insert(complete)
      return complete
    },
    recordMetrics: async (metrics) => {
      if (!Array.isArray(metrics)) {
        throw new StoreError('INVALID_ARGUMENT', 'recordMetrics takes an array of metrics')
      }
      const complete = metrics.map((metric, index) =>
        completed(store, checkedRecord(newFrameworkMetric, metric, 'recordMetrics', index)),
      )
      await collection.insertMany(complete)
      return complete
    },
    listMetrics: lists.array,
    pageMetrics: lists.page,
    iterateMetrics: lists.iterate,
    aggregateMetrics: async (options = {}) => aggregateMetrics(store, options),
  }
}

function completed(store: BaseStore, metric: NewFrameworkMetric): FrameworkMetric {
  const { metric_id = newId(), recorded_at = store.now().toISOString() } = metric
  return { ...metric, metric_id, recorded_at }
}

async function aggregateMetrics(
  store: BaseStore,
  options: FrameworkMetricsOptions,
): Promise<FrameworkMetricSummary[]> {
  checkListOptions(options)
  const { everyMs, ...filter } = options
  const period: GroupBy<FrameworkMetricField>[] =
    everyMs === undefined ? [] : [{ field: 'recorded_at', everyMs }]
  const rows = await store.collection(frameworkMetrics).aggregate({
    where: filter as Filter<FrameworkMetricField>,
    by: ['framework', 'name', ...period],
    measures: {
      count: 'count',
      sum: { sum: 'value' },
      mean: { avg: 'value' },
      min: { min: 'value' },
      max: { max: 'value' },
    },
  })
  return rows.map(({ group, count, sum, mean, min, max }) => ({
    framework: String(group.framework),
    name: String(group.name),
    period_start: periodStart(group.recorded_at),
    count,
    sum,
    mean,
    min: measuredNumber(min),
    max: measuredNumber(max),
  }))
}
