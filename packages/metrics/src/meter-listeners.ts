/** Metrics of OpenTelemetry that are recorded event by event. */

import type { BatchEvent, CleanupEvent, OperationEvent, TransactionEvent } from '@coffer/core'
import type { Meter } from '@opentelemetry/api'
import { attributesOf, DURATION_BOUNDS, failureAttributes, OPERATION_DURATION } from './conventions.ts'
import type { Listeners } from './events.ts'
import type { OperationDurations } from './operation-durations.ts'
import { SeriesTable } from './series-table.ts'
import { conflictsOf, SIZE_BOUNDS } from './tallies.ts'

/**
 * Records events by instruments of the meter.
 *
 * @param durations what takes the durations of operations in place of an instrument
 */
export function meterListeners(meter: Meter, durations: OperationDurations | undefined): Listeners {
  return {
    operation: durations?.observe ?? operationListener(meter),
    ...batchListener(meter),
    ...workListeners(meter),
  }
}

function operationListener(meter: Meter): Listeners['operation'] {
  const { name, ...descriptor } = OPERATION_DURATION
  const durations = meter.createHistogram(name, {
    ...descriptor,
    advice: { explicitBucketBoundaries: DURATION_BOUNDS },
  })
  const kinds = new SeriesTable(attributesOf)
  return (event: OperationEvent) => {
    const attributes = kinds.of(event)
    durations.record(
      event.durationMs / 1_000,
      event.error === undefined ? attributes : { ...attributes, ...failureAttributes(event.error) },
    )
  }
}

function batchListener(meter: Meter): Pick<Listeners, 'batch'> {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: DURATION_BOUNDS } }
  const durations = meter.createHistogram('coffer.batch.duration', {
    description: 'How long the commit of a batch of writes took.',
    ...seconds,
  })
  const waits = meter.createHistogram('coffer.batch.wait_time', {
    description: 'How long the first write of a batch waited to leave.',
    ...seconds,
  })
  const sizes = meter.createHistogram('coffer.batch.size', {
    description: 'Records that were written by one batch.',
    unit: '{operation}',
    advice: { explicitBucketBoundaries: SIZE_BOUNDS },
  })
  return {
    batch: ({ backend, durationMs, waitedMs, operations, error }: BatchEvent) => {
      const attributes = { 'db.system.name': backend }
      durations.record(durationMs / 1_000, {
        ...attributes,
        ...(error !== undefined && failureAttributes(error)),
      })
      waits.record(waitedMs / 1_000, attributes)
      sizes.record(operations, attributes)
    },
  }
}

function workListeners(meter: Meter): Pick<Listeners, 'transaction' | 'cleanup'> {
  const attempted = meter.createCounter('coffer.transaction.attempts', {
    description: 'Attempts of transactions.',
    unit: '{attempt}',
  })
  const conflicted = meter.createCounter('coffer.transaction.conflicts', {
    description: 'Attempts that another transaction came in the way of.',
    unit: '{attempt}',
  })
  const removals = meter.createCounter('coffer.cleanup.removed', {
    description: 'Records that cleanups removed for good.',
    unit: '{record}',
  })
  return {
    transaction: ({ backend, attempts, error }: TransactionEvent) => {
      const attributes = { 'db.system.name': backend }
      attempted.add(attempts, attributes)
      conflicted.add(conflictsOf(attempts, error), attributes)
    },
    cleanup: ({ backend, kind, removed }: CleanupEvent) =>
      removals.add(removed, { 'db.system.name': backend, 'coffer.cleanup.kind': kind }),
  }
}
