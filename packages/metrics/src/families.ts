/** The metrics that are told, by name: the tallies and the standings of stores as samples. */

import type { Counter } from './counter.ts'
import type { Histogram } from './histogram.ts'
import type { OperationTally, Tallies } from './tallies.ts'
import type { Standing, WatchedStores } from './watched-stores.ts'

/** One number with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** The name, where it is not that of the metric alone. */
  readonly metricName?: string
}

/** One metric. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** The samples of this moment, for the name that the metric has by now. */
  readonly samples: (name: string) => readonly Sample[]
}

type Labels = Sample['labels']

/** All metrics. `buckets` are the bounds of durations as they are told, in seconds. */
export function familiesOf(
  tallies: Tallies,
  stores: WatchedStores,
  buckets: readonly number[],
): readonly Family[] {
  return [
    ...operationFamilies(tallies, buckets),
    ...batchFamilies(tallies, buckets),
    ...transactionFamilies(tallies, buckets),
    ...cleanupFamilies(tallies, buckets),
    ...storeFamilies(stores),
  ]
}

function operationFamilies({ operations }: Tallies, buckets: readonly number[]): readonly Family[] {
  const counted = (
    name: string,
    help: string,
    count: (tally: OperationTally) => readonly Sample[],
  ): Family => ({
    name,
    help,
    type: 'counter',
    samples: () => operations.all.flatMap(count),
  })
  return [
    counted(
      'coffer_operations_total',
      'Operations that have ended, by backend, collection and method.',
      ({ labels, durationMs }) => [{ labels: { ...labels }, value: durationMs.count }],
    ),
    {
      name: 'coffer_operation_duration_seconds',
      help: 'How long operations took as their callers saw it.',
      type: 'histogram',
      samples: (name) =>
        operations.all.flatMap(({ labels, durationMs }) => seconds(name, { ...labels }, durationMs, buckets)),
    },
    counted(
      'coffer_operation_errors_total',
      'Operations that failed, by the code of the failure.',
      ({ labels, errors }) => byCode({ ...labels }, errors),
    ),
  ]
}

function batchFamilies({ batches }: Tallies, buckets: readonly number[]): readonly Family[] {
  const histogram = (
    name: string,
    help: string,
    member: 'durationMs' | 'waitedMs' | 'groups' | 'operations' | 'left',
  ): Family => ({
    name,
    help,
    type: 'histogram',
    samples: (told) =>
      [...batches].flatMap(([backend, tally]) =>
        name.endsWith('_seconds')
          ? seconds(told, { backend }, tally[member], buckets)
          : sizes(told, { backend }, tally[member]),
      ),
  })
  return [
    histogram(
      'coffer_batch_duration_seconds',
      'How long the commit of a batch of writes took.',
      'durationMs',
    ),
    histogram(
      'coffer_batch_wait_seconds',
      'How long the first write of a batch waited to leave.',
      'waitedMs',
    ),
    histogram('coffer_batch_groups', 'Writes of callers that left in one batch.', 'groups'),
    histogram('coffer_batch_operations', 'Records that were written by one batch.', 'operations'),
    histogram('coffer_batch_waiting_groups', 'Writes that stayed behind when a batch left.', 'left'),
    {
      name: 'coffer_batch_errors_total',
      help: 'Batches that failed, by the code of the failure.',
      type: 'counter',
      samples: () => [...batches].flatMap(([backend, { errors }]) => byCode({ backend }, errors)),
    },
  ]
}

function transactionFamilies({ transactions }: Tallies, buckets: readonly number[]): readonly Family[] {
  const counted = (name: string, help: string, member: 'attempts' | 'retries' | 'conflicts'): Family => ({
    name,
    help,
    type: 'counter',
    samples: () =>
      [...transactions].map(([backend, tally]) => ({ labels: { backend }, value: tally[member] })),
  })
  return [
    {
      name: 'coffer_transaction_duration_seconds',
      help: 'How long transactions took with all their attempts.',
      type: 'histogram',
      samples: (name) =>
        [...transactions].flatMap(([backend, { durationMs }]) =>
          seconds(name, { backend }, durationMs, buckets),
        ),
    },
    counted('coffer_transaction_attempts_total', 'Attempts of transactions.', 'attempts'),
    counted('coffer_transaction_retries_total', 'Attempts after the first of a transaction.', 'retries'),
    counted(
      'coffer_transaction_conflicts_total',
      'Attempts that another transaction came in the way of.',
      'conflicts',
    ),
    {
      name: 'coffer_transaction_errors_total',
      help: 'Transactions that failed, by the code of the failure.',
      type: 'counter',
      samples: () => [...transactions].flatMap(([backend, { errors }]) => byCode({ backend }, errors)),
    },
  ]
}

function cleanupFamilies({ cleanups }: Tallies, buckets: readonly number[]): readonly Family[] {
  const all = () => [...cleanups.values()]
  return [
    {
      name: 'coffer_cleanup_duration_seconds',
      help: 'How long cleanups took.',
      type: 'histogram',
      samples: (name) =>
        all().flatMap(({ backend, kind, durationMs }) =>
          seconds(name, { backend, kind }, durationMs, buckets),
        ),
    },
    {
      name: 'coffer_cleanup_removed_total',
      help: 'Records that cleanups removed for good: expired ones, and soft-deleted ones.',
      type: 'counter',
      samples: () =>
        all().map(({ backend, kind, removed }) => ({ labels: { backend, kind }, value: removed })),
    },
    {
      name: 'coffer_cleanup_errors_total',
      help: 'Cleanups that failed, by the code of the failure.',
      type: 'counter',
      samples: () => all().flatMap(({ backend, kind, errors }) => byCode({ backend, kind }, errors)),
    },
  ]
}

function storeFamilies(stores: WatchedStores): readonly Family[] {
  const family = (
    name: string,
    help: string,
    read: (standing: Standing) => number | undefined,
    type: Family['type'] = 'gauge',
  ): Family => ({
    name,
    help,
    type,
    samples: () =>
      stores.standings().flatMap((standing) => {
        const value = read(standing)
        return value === undefined
          ? []
          : [{ labels: { store: standing.store, backend: standing.backend }, value }]
      }),
  })
  return [
    family('coffer_waiting_writes', 'Writes that wait for a batch.', (at) => at.waitingWrites),
    family('coffer_connections_used', 'Connections in use.', (at) => at.connections?.used),
    family('coffer_connections_idle', 'Connections that are open and idle.', (at) => at.connections?.idle),
    family('coffer_connections_max', 'The most connections that there may be.', (at) => at.connections?.max),
    family(
      'coffer_connections_waiting',
      'Callers that wait for a connection.',
      (at) => at.connections?.waiting,
    ),
    family('coffer_cache_entries', 'Records that the cache holds.', (at) => at.cache?.entries),
    family('coffer_cache_hits_total', 'Reads that the cache answered.', (at) => at.cache?.hits, 'counter'),
    family(
      'coffer_cache_misses_total',
      'Reads that went on to the backend.',
      (at) => at.cache?.misses,
      'counter',
    ),
  ]
}

/** A histogram of milliseconds, told in seconds. */
function seconds(
  name: string,
  labels: Labels,
  histogram: Histogram,
  buckets: readonly number[],
): readonly Sample[] {
  return told(name, labels, histogram, buckets, histogram.sum / 1_000)
}

function sizes(name: string, labels: Labels, histogram: Histogram): readonly Sample[] {
  return told(name, labels, histogram, [...histogram.bounds], histogram.sum)
}

function told(
  name: string,
  labels: Labels,
  histogram: Histogram,
  bounds: readonly number[],
  sum: number,
): readonly Sample[] {
  const counts = histogram.cumulated()
  return [
    ...[...bounds, '+Inf'].map((le, place) => ({
      labels: { le, ...labels },
      value: counts[place] as number,
      metricName: `${name}_bucket`,
    })),
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: counts.at(-1) as number, metricName: `${name}_count` },
  ]
}

function byCode(labels: Labels, errors: Counter): readonly Sample[] {
  return Array.from(errors.entries(), ([code, value]) => ({ labels: { ...labels, code }, value }))
}
