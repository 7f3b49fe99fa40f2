/** Spans, made from events when what they stand for has ended. */

import type { BatchEvent, EventError, OperationEvent } from '@coffer/core'
import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { attributesOf, failureAttributes } from './conventions.ts'
import type { Listeners } from './events.ts'
import { SeriesTable } from './series-table.ts'

/** What a span says; times are those of `performance.now()`, which tracers take as they are. */
interface Told {
  readonly name: string
  readonly attributes: Attributes
  readonly startedAt: number
  readonly durationMs: number
  readonly error: EventError | undefined
}

/**
 * Makes spans of operations, which transactions and cleanups are as well, and of batches.
 *
 * @param requiresParent true to make spans only inside of one that is recorded
 */
export function tracerListeners(
  tracer: Tracer,
  requiresParent: boolean,
): Pick<Listeners, 'operation' | 'batch'> {
  const kinds = new SeriesTable((labels) => ({
    name: labels.collection === '' ? labels.operation : `${labels.operation} ${labels.collection}`,
    attributes: attributesOf(labels),
  }))
  return {
    operation: (event: OperationEvent) => {
      // Events come in the async context of the operation's caller.
      const parent = context.active()
      if (requiresParent && trace.getSpan(parent)?.isRecording() !== true) return
      const { startedAt, durationMs, error } = event
      const { name, attributes } = kinds.of(event)
      tell(tracer, { name, attributes, startedAt, durationMs, error }, parent)
    },
    batch: (event: BatchEvent) => {
      // One write alone is told by its operation.
      if (requiresParent || event.operations < 2) return
      const attributes = {
        'db.system.name': event.backend,
        'db.operation.name': 'BATCH',
        'db.operation.batch.size': event.operations,
      }
      // It serves several callers, and comes in the context of whichever let it leave.
      tell(tracer, { ...event, name: 'BATCH', attributes }, ROOT_CONTEXT)
    },
  }
}

function tell(
  tracer: Tracer,
  { name, attributes, startedAt, durationMs, error }: Told,
  parent: Context,
): void {
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: startedAt, attributes }, parent)
  if (error !== undefined) {
    span.setAttributes(failureAttributes(error))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end(startedAt + durationMs)
}
