/** `@coffer/metrics/opentelemetry`: what the stores of a process do, as spans and metrics of OpenTelemetry. */

import { StoreError } from '@coffer/core'
import { type Meter, metrics, type Tracer, trace } from '@opentelemetry/api'
import type { MetricProducer } from '@opentelemetry/sdk-metrics'
import { listen } from './events.ts'
import { meterListeners } from './meter-listeners.ts'
import { meterStores } from './meter-stores.ts'
import { OperationDurations } from './operation-durations.ts'
import { tracerListeners } from './tracer-listeners.ts'
import { type WatchedStore, WatchedStores } from './watched-stores.ts'

export type { WatchedStore } from './watched-stores.ts'

/** What is told, and to whom. */
export interface TelemetryOptions {
  /** Makes the spans; `false` for none. Default: that of the global tracer provider. */
  readonly tracer?: Tracer | false
  /** Takes the metrics; `false` for none. Default: that of the global meter provider as it is when this is called. */
  readonly meter?: Meter | false
  /**
   * What `operationDurations` made, to take the durations of operations in place of an instrument of the meter: far
   * cheaper, where the reader of metrics can be given it.
   */
  readonly durations?: MetricProducer
  /**
   * Makes spans only for operations inside of a span that is recorded. Then an operation outside of one costs
   * next to nothing, and a batch, which serves several callers and so has no parent, has no span. Default: false.
   */
  readonly requireParentSpan?: boolean
  /** Stores whose connections, queue and cache are told, each by the name of its pool. */
  readonly stores?: Readonly<Record<string, WatchedStore>>
}

/** Telemetry that is on. */
export interface Telemetry {
  /**
   * Tells the connections, the queue and the cache of another store.
   *
   * @param name the name of its pool; must be free
   * @returns how to stop, which a store that is closed for good deserves
   * @throws StoreError `INVALID_ARGUMENT` for a name that is empty or taken
   */
  watchStore(name: string, store: WatchedStore): () => void
  /** Tells nothing any more. May be called twice. */
  stop(): void
  [Symbol.dispose](): void
}

/**
 * Makes what adds up `db.client.operation.duration` by itself and hands it to a reader of metrics when it exports. An
 * operation then costs some additions; by an instrument of the API it costs about a microsecond more.
 *
 * ```ts
 * const durations = operationDurations()
 * const reader = new PeriodicExportingMetricReader({ exporter, metricProducers: [durations] })
 * // … and when the SDK has begun:
 * traceOperations({ durations })
 * ```
 *
 * It is cumulative, whatever the exporter prefers.
 */
export function operationDurations(): MetricProducer {
  return new OperationDurations()
}

const NAME = '@coffer/metrics'
const OPTIONS = ['tracer', 'meter', 'durations', 'requireParentSpan', 'stores']

/**
 * Tells of every store of this process by the semantic conventions for databases: a client span for each operation,
 * named `{operation} {collection}`, under the span that its caller was in, and `db.client.operation.duration` beside
 * metrics of batches, transactions and cleanups. Tenants, keys, values and statements are in none of it.
 *
 * @throws StoreError `INVALID_ARGUMENT` for options that can't be used
 */
export function traceOperations(options: TelemetryOptions = {}): Telemetry {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) throw refused(`there is no option '${unknown}', only ${OPTIONS.join(', ')}`)
  const { tracer = trace.getTracer(NAME), meter = metrics.getMeter(NAME) } = options
  if (tracer !== false && typeof tracer?.startSpan !== 'function') {
    throw refused("'tracer' must be a Tracer of OpenTelemetry, or false")
  }
  if (meter !== false && typeof meter?.createHistogram !== 'function') {
    throw refused("'meter' must be a Meter of OpenTelemetry, or false")
  }
  const { durations } = options
  if (durations !== undefined && !(durations instanceof OperationDurations)) {
    throw refused("'durations' must be what operationDurations() made")
  }
  if (durations !== undefined && meter === false) {
    throw refused("'durations' are filled together with a meter: leave them out, or give one")
  }
  const stores = new WatchedStores()
  for (const [name, store] of Object.entries(options.stores ?? {})) stores.watch(name, store)
  // All is made before any of it listens: what can't be made leaves nothing behind.
  const stopStores = meter === false ? undefined : meterStores(meter, stores)
  const listeners = [
    ...(tracer === false ? [] : [tracerListeners(tracer, options.requireParentSpan ?? false)]),
    ...(meter === false ? [] : [meterListeners(meter, durations)]),
  ]
  const stops = [...listeners.map(listen), ...(stopStores === undefined ? [] : [stopStores])]
  const stop = () => {
    for (const each of stops.splice(0)) each()
    stores.clear()
  }
  return { watchStore: (name, store) => stores.watch(name, store), stop, [Symbol.dispose]: stop }
}

function refused(sentence: string): StoreError {
  return new StoreError('INVALID_ARGUMENT', `traceOperations: ${sentence}`)
}
