/** What watching costs: the same calls of one store with metrics on, and with nobody listening. */

import { createStore } from '@coffer/core'
import { operationDurations, type TelemetryOptions, traceOperations } from '@coffer/metrics/opentelemetry'
import { collectMetrics } from '@coffer/metrics/prometheus'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { Registry } from 'prom-client'
import { callers } from './arms.ts'
import type { Contest } from './contest.ts'
import { temporaryFolder } from './places.ts'
import { emptyDatabase, openCoffer, settle } from './postgres-place.ts'
import { type Steps, step, steps } from './step.ts'
import { records, storedStep, type Workload } from './workload.ts'

/** Callers at once: where an operation costs least, and watching it shows most. */
const CALLERS = 64

/** Where a contest works, with the records of the workload in it. */
type Open = (workload: Workload) => Promise<{ collection: Steps; close(): Promise<void> }>

/** What watches; what it needs is made once, so that only the calls themselves are measured. */
interface Watch {
  /** Begins to watch, and answers how to end. */
  begin(): () => void
  close(): Promise<void>
}

const WATCHES: Readonly<Record<string, () => Watch>> = {
  prometheus: () => ({
    begin: () => collectMetrics({ register: new Registry() }).stop,
    close: async () => undefined,
  }),
  // As most processes are: a reader of metrics, and spans only inside of a span that is recorded.
  opentelemetry: () => telemetry({ requireParentSpan: true, durations: operationDurations() }),
  // Durations by the API of OpenTelemetry.
  instruments: () => telemetry({ requireParentSpan: true }),
  // What is dearest: a span for every operation, recorded and handed to an exporter; without metrics.
  spans: () => telemetry({ meter: false }),
}

const CALLS: Readonly<
  Record<string, (collection: Steps, turn: number, workload: Workload) => Promise<unknown>>
> = {
  put: (collection, turn) => collection.put(step(turn)),
  get: (collection, turn, { stored }) => collection.get(storedStep(turn, stored).step_id),
  update: (collection, turn, { stored }) =>
    collection.update(storedStep(turn, stored).step_id, { tokens: turn % 500 }),
}

/** Watched and unwatched in turns, on SQLite and PostgreSQL; the ratio is what is left of the speed. */
export function metricsContests(workload: Workload): readonly Contest[] {
  const places: readonly (readonly [name: string, open: Open])[] = [
    ['sqlite', openSqlite],
    ['postgres', openPostgres],
  ]
  return places.flatMap(([place, open]) =>
    Object.entries(WATCHES).flatMap(([name, makeWatch]) =>
      Object.entries(CALLS).map(([operation, call]) => ({
        name: `${place}.metrics.${name}.${operation}.${CALLERS}:off`,
        unit: `${operation}s/s`,
        prepare: async () => {
          const { collection, close } = await open(workload)
          const watch = makeWatch()
          const arm = callers(CALLERS, (turn) => call(collection, turn, workload))
          let end = () => {}
          return {
            coffer: arm,
            rival: arm,
            switchTo: (side) => {
              end()
              end = side === 'coffer' ? watch.begin() : () => {}
            },
            close: async () => {
              end()
              await watch.close()
              await close()
            },
          }
        },
      })),
    ),
  )
}

function telemetry(options: TelemetryOptions): Watch {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracers = new TracerProvider({
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: { export: (_spans, done) => done({ code: 0 }), shutdown: async () => undefined },
      }),
    ],
  })
  const meters = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
        metricProducers: options.durations === undefined ? [] : [options.durations],
      }),
    ],
  })
  const told = { tracer: tracers.getTracer('bench'), meter: meters.getMeter('bench'), ...options }
  return {
    begin: () => traceOperations(told).stop,
    close: async () => {
      await tracers.shutdown()
      await meters.shutdown()
      context.disable()
    },
  }
}

const openSqlite: Open = async ({ stored }) => {
  const folder = temporaryFolder()
  const store = createStore({ type: 'sqlite', path: folder.file('coffer.db') })
  const collection = store.collection(steps)
  await collection.putMany(records(0, stored))
  return {
    collection,
    close: async () => {
      await store.close()
      folder.remove()
    },
  }
}

const openPostgres: Open = async ({ stored }) => {
  const database = await emptyDatabase()
  const { collection, close } = openCoffer(database)
  await collection.putMany(records(0, stored))
  await settle(database)
  return {
    collection,
    close: async () => {
      await close()
      await database.drop()
    },
  }
}
