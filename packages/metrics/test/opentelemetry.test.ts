import { createStore } from '@coffer/core'
import { sqlite } from '@coffer/sqlite'
import { context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  METRIC_DB_CLIENT_OPERATION_DURATION,
} from '@opentelemetry/semantic-conventions'
import {
  ATTR_DB_CLIENT_CONNECTION_POOL_NAME,
  ATTR_DB_CLIENT_CONNECTION_STATE,
  METRIC_DB_CLIENT_CONNECTION_COUNT,
  METRIC_DB_CLIENT_CONNECTION_LIMIT,
  METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS,
} from '@opentelemetry/semantic-conventions/incubating'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { operationDurations, traceOperations } from '../src/opentelemetry.ts'
import { CANARY, everythingWithCanaries, notes, storeInMemory } from './stores.ts'

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterEach(() => context.disable())

/** Spans and metrics that stay in memory. */
function telling(options: Parameters<typeof traceOperations>[0] = {}) {
  const exporter = new InMemorySpanExporter()
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    metricProducers: options.durations === undefined ? [] : [options.durations],
  })
  const meters = new MeterProvider({ readers: [reader] })
  const tracer = tracers.getTracer('test')
  const telemetry = traceOperations({ tracer, meter: meters.getMeter('test'), ...options })
  return {
    tracer,
    telemetry,
    spans: () => exporter.getFinishedSpans(),
    points: async (name: string) => {
      await reader.forceFlush()
      const scopes = metricExporter.getMetrics().at(-1)?.scopeMetrics ?? []
      const metric = scopes
        .flatMap(({ metrics }) => metrics)
        .find(({ descriptor }) => descriptor.name === name)
      return { unit: metric?.descriptor.unit, points: metric?.dataPoints ?? [] }
    },
    everything: async () => {
      await reader.forceFlush()
      return JSON.stringify([
        metricExporter.getMetrics(),
        exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({
          name,
          attributes,
          status,
          events,
        })),
      ])
    },
    [Symbol.asyncDispose]: async () => {
      telemetry.stop()
      await meters.shutdown()
      await tracers.shutdown()
    },
  }
}

const storeOnSqlite = () => createStore({ backend: sqlite({ path: ':memory:' }) })

/** What of a histogram does not depend on the time that things took. */
function shapeOf(value: unknown): unknown {
  const { count, sum, buckets } = value as {
    count: number
    sum: number
    buckets: { boundaries: readonly number[]; counts: readonly number[] }
  }
  const inBuckets = buckets.counts.reduce((total, each) => total + each, 0)
  return { count, inBuckets, hasSum: sum > 0, boundaries: buckets.boundaries, buckets: buckets.counts.length }
}

/** A tracer that makes no span and counts how many it was asked for. */
function countingTracer() {
  const spans = { count: 0 }
  const startSpan = () => {
    spans.count++
    throw new Error('a span was begun')
  }
  return { spans, tracer: { startSpan } }
}

describe('the span of an operation', () => {
  test('is named by method and collection, and says what was asked of which database', async () => {
    await using telemetry = telling()
    await storeOnSqlite().collection(notes).put({ id: 'a', text: 'x' })
    const [span] = telemetry.spans()
    expect(span).toMatchObject({ name: 'put notes', kind: SpanKind.CLIENT })
    expect(span?.attributes).toEqual({
      [ATTR_DB_SYSTEM_NAME]: 'sqlite',
      [ATTR_DB_COLLECTION_NAME]: 'notes',
      [ATTR_DB_OPERATION_NAME]: 'put',
    })
    expect(span?.status.code).toBe(SpanStatusCode.UNSET)
  })

  test('of a store as a whole has no collection', async () => {
    await using telemetry = telling()
    await storeInMemory().cleanupExpired()
    const [span] = telemetry.spans()
    expect([span?.name, span?.attributes[ATTR_DB_COLLECTION_NAME]]).toEqual(['cleanupExpired', undefined])
  })

  test('begins and ends as the operation did', async () => {
    await using telemetry = telling()
    const all = storeInMemory().collection(notes)
    await all.put({ id: 'a', text: 'x' })
    const before = Date.now()
    await all.update('a', async (record) => {
      for (const until = performance.now() + 20; performance.now() < until; );
      return record
    })
    const span = telemetry.spans().find(({ name }) => name === 'update notes')
    const milliseconds = ([seconds, nanos]: readonly [number, number] | [number, number]) =>
      seconds * 1_000 + nanos / 1e6
    expect(milliseconds(span?.duration ?? [0, 0])).toBeGreaterThanOrEqual(20)
    expect(Math.abs(milliseconds(span?.startTime ?? [0, 0]) - before)).toBeLessThan(1_000)
  })

  test('says what it failed by', async () => {
    await using telemetry = telling()
    const all = storeInMemory().collection(notes)
    await expect(all.update('a', { text: 'x' })).rejects.toThrow()
    await expect(all.restore('a')).rejects.toThrow()
    const [span] = telemetry.spans()
    expect(span?.status.code).toBe(SpanStatusCode.ERROR)
    expect(span?.attributes).toMatchObject({
      [ATTR_ERROR_TYPE]: 'NOT_FOUND',
      [ATTR_DB_RESPONSE_STATUS_CODE]: 'NOT_FOUND',
    })
  })

  test('that the application itself made fail has no code of the database', async () => {
    await using telemetry = telling()
    await expect(storeInMemory().transaction(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    const [span] = telemetry.spans()
    expect(span?.attributes[ATTR_ERROR_TYPE]).toBe('APPLICATION')
    expect(span?.attributes).not.toHaveProperty([ATTR_DB_RESPONSE_STATUS_CODE])
  })

  test('stands under the span of its caller, also where callers share a batch or a read', async () => {
    await using telemetry = telling()
    const all = storeOnSqlite().collection(notes)
    await all.has('a')
    const callers = await Promise.all(
      Array.from({ length: 8 }, (_each, number) =>
        telemetry.tracer.startActiveSpan(`caller ${number}`, async (span: Span) => {
          const record = { id: String(number), text: 'x' }
          await all.put(record)
          await all.get(record.id)
          await all.update(record.id, { text: 'y' })
          await all.delete(record.id)
          span.end()
          return span.spanContext()
        }),
      ),
    )
    for (const { spanId, traceId } of callers) {
      const children = telemetry.spans().filter((span) => span.parentSpanContext?.spanId === spanId)
      expect(children.map(({ name }) => name)).toEqual([
        'put notes',
        'get notes',
        'update notes',
        'delete notes',
      ])
      expect(new Set(children.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]))
    }
  })

  test('stands under the span of its caller inside a transaction', async () => {
    await using telemetry = telling()
    const store = storeInMemory()
    store.collection(notes)
    await store.open()
    const root = telemetry.tracer.startSpan('request')
    await context.with(trace.setSpan(ROOT_CONTEXT, root), () =>
      store.transaction(async (tx) => {
        await tx.collection(notes).put({ id: 'a', text: 'x' })
        await tx.transaction((part) => part.collection(notes).get('a'))
      }),
    )
    expect(telemetry.spans().map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId])).toEqual(
      [
        ['put notes', root.spanContext().spanId],
        ['get notes', root.spanContext().spanId],
        ['transaction', root.spanContext().spanId],
      ],
    )
  })

  test('is there only inside of a recorded span where that is asked for', async () => {
    await using telemetry = telling({ requireParentSpan: true })
    const all = storeInMemory().collection(notes)
    await all.putMany([
      { id: 'a', text: 'x' },
      { id: 'b', text: 'x' },
    ])
    await telemetry.tracer.startActiveSpan('caller', () => all.get('a'))
    expect(telemetry.spans().map(({ name }) => name)).toEqual(['get notes'])
  })
})

describe('a batch', () => {
  test('of several records has a span of its own, with its size and no parent', async () => {
    await using telemetry = telling()
    const all = storeInMemory().collection(notes)
    await telemetry.tracer.startActiveSpan('caller', () =>
      all.putMany([
        { id: 'a', text: 'x' },
        { id: 'b', text: 'x' },
      ]),
    )
    const span = telemetry.spans().find(({ name }) => name === 'BATCH')
    expect(span?.parentSpanContext).toBeUndefined()
    expect(span?.attributes).toEqual({
      [ATTR_DB_SYSTEM_NAME]: 'memory',
      [ATTR_DB_OPERATION_NAME]: 'BATCH',
      [ATTR_DB_OPERATION_BATCH_SIZE]: 2,
    })
  })

  test('of one record is told by its operation alone', async () => {
    await using telemetry = telling()
    await storeInMemory().collection(notes).put({ id: 'a', text: 'x' })
    expect(telemetry.spans().map(({ name }) => name)).toEqual(['put notes'])
  })
})

describe('the metrics', () => {
  test('tell how long operations took, by the conventions', async () => {
    await using telemetry = telling()
    const all = storeInMemory().collection(notes)
    await all.put({ id: 'a', text: 'x' })
    await expect(all.insert({ id: 'a', text: 'x' })).rejects.toThrow()
    const { unit, points } = await telemetry.points(METRIC_DB_CLIENT_OPERATION_DURATION)
    expect(unit).toBe('s')
    expect(points.map(({ attributes }) => attributes)).toEqual([
      {
        [ATTR_DB_SYSTEM_NAME]: 'memory',
        [ATTR_DB_COLLECTION_NAME]: 'notes',
        [ATTR_DB_OPERATION_NAME]: 'put',
      },
      {
        [ATTR_DB_SYSTEM_NAME]: 'memory',
        [ATTR_DB_COLLECTION_NAME]: 'notes',
        [ATTR_DB_OPERATION_NAME]: 'insert',
        [ATTR_ERROR_TYPE]: 'ALREADY_EXISTS',
        [ATTR_DB_RESPONSE_STATUS_CODE]: 'ALREADY_EXISTS',
      },
    ])
    expect(points[0]?.value).toMatchObject({
      count: 1,
      buckets: { boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
    })
  })

  test('tell the same where durations are added up here', async () => {
    const told = async (durations: ReturnType<typeof operationDurations> | undefined) => {
      await using telemetry = telling(durations === undefined ? {} : { durations })
      const all = storeInMemory().collection(notes)
      await all.put({ id: 'a', text: 'x' })
      await all.put({ id: 'a', text: 'y' })
      await expect(all.insert({ id: 'a', text: 'x' })).rejects.toThrow()
      const { unit, points } = await telemetry.points(METRIC_DB_CLIENT_OPERATION_DURATION)
      return { unit, points: points.map(({ attributes, value }) => [attributes, shapeOf(value)]) }
    }
    const added = await told(operationDurations())
    expect(added.points).toHaveLength(2)
    expect(added).toEqual(await told(undefined))
  })

  test('tell of batches, transactions and cleanups', async () => {
    await using telemetry = telling()
    const store = storeInMemory()
    const all = store.collection(notes)
    await all.putMany([
      { id: 'a', text: 'x' },
      { id: 'b', text: 'x' },
    ])
    await all.delete('a')
    await store.transaction((tx) => tx.collection(notes).get('b'))
    await store.purgeDeleted({ olderThanMs: 0 })
    const value = async (name: string) => (await telemetry.points(name)).points.map((point) => point.value)
    expect(await value('coffer.batch.size')).toMatchObject([{ count: 2, sum: 3 }])
    expect(await value('coffer.batch.duration')).toMatchObject([{ count: 2 }])
    expect(await value('coffer.batch.wait_time')).toMatchObject([{ count: 2 }])
    expect(await value('coffer.transaction.attempts')).toEqual([1])
    expect(await value('coffer.transaction.conflicts')).toEqual([0])
    expect(await value('coffer.cleanup.removed')).toEqual([1])
  })

  test('tell of the connections of a watched store, by the conventions', async () => {
    const store = { connections: { used: 2, idle: 3, waiting: 4, max: 9 } }
    const place = {
      backend: 'postgresql',
      statistics: () => ({ waitingWrites: 1, cache: undefined, ...store }),
    }
    await using telemetry = telling({ stores: { main: { place: () => place as never } } })
    const told = async (name: string) =>
      (await telemetry.points(name)).points.map(({ attributes, value }) => [
        attributes[ATTR_DB_CLIENT_CONNECTION_POOL_NAME],
        attributes[ATTR_DB_CLIENT_CONNECTION_STATE],
        value,
      ])
    expect(await told(METRIC_DB_CLIENT_CONNECTION_COUNT)).toEqual([
      ['main', 'used', 2],
      ['main', 'idle', 3],
    ])
    expect(await told(METRIC_DB_CLIENT_CONNECTION_LIMIT)).toEqual([['main', undefined, 9]])
    expect(await told(METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS)).toEqual([['main', undefined, 4]])
    expect(await told('coffer.waiting_writes')).toEqual([['main', undefined, 1]])
    expect(await told('coffer.cache.hits')).toEqual([])
  })
})

describe('telemetry', () => {
  test('holds no key, no value, no stream and no tenant, whatever is called', async () => {
    await using telemetry = telling()
    await everythingWithCanaries(storeInMemory())
    const told = await telemetry.everything()
    expect(told).toContain('iterateDocuments notes')
    expect(told).not.toContain(CANARY)
  })

  test('is over when it is stopped', async () => {
    await using telemetry = telling()
    telemetry.telemetry.stop()
    telemetry.telemetry.stop()
    await storeInMemory().collection(notes).has('a')
    expect(telemetry.spans()).toEqual([])
    expect((await telemetry.points(METRIC_DB_CLIENT_OPERATION_DURATION)).points).toEqual([])
  })

  test('may be spans alone, or metrics alone', async () => {
    await using spans = telling({ meter: false })
    await using metrics = telling({ tracer: false })
    await storeInMemory().collection(notes).has('a')
    expect(spans.spans()).toHaveLength(1)
    expect((await spans.points(METRIC_DB_CLIENT_OPERATION_DURATION)).points).toEqual([])
    expect(metrics.spans()).toEqual([])
    expect((await metrics.points(METRIC_DB_CLIENT_OPERATION_DURATION)).points).toHaveLength(1)
  })

  test('listen to nothing where a meter can not make what is needed', async () => {
    const meter = { createHistogram: () => undefined }
    const { tracer, spans } = countingTracer()
    expect(() => traceOperations({ tracer, meter } as never)).toThrow()
    await storeInMemory().collection(notes).has('a')
    expect(spans.count).toBe(0)
  })

  test.each([
    ['an unknown option', { traces: true }, "no option 'traces'"],
    ['a tracer that is none', { tracer: {} }, "'tracer'"],
    ['a meter that is none', { meter: {} }, "'meter'"],
    ['durations of others', { durations: { collect: async () => undefined } }, "'durations'"],
    ['durations without a meter', { meter: false, durations: operationDurations() }, "'durations'"],
    ['a store that is none', { stores: { main: {} } }, "'main' is not a store"],
  ])('refuses %s', (_what, options, sentence) => {
    expect(() => traceOperations(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(sentence) }),
    )
  })
})
