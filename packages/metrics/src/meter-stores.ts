/** Metrics of OpenTelemetry that are asked for when they are exported: how watched stores stand. */

import type { Attributes, Meter, Observable } from '@opentelemetry/api'
import type { Standing, WatchedStores } from './watched-stores.ts'

interface Observed {
  readonly instrument: Observable
  readonly read: (standing: Standing) => number | undefined
  readonly more?: Attributes
}

/** Observes the stores, and answers how to stop. */
export function meterStores(meter: Meter, stores: WatchedStores): () => void {
  const observed = [...connections(meter), ...queueAndCache(meter)]
  const instruments = observed.map(({ instrument }) => instrument)
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    for (const standing of stores.standings()) {
      const attributes = {
        'db.client.connection.pool.name': standing.store,
        'db.system.name': standing.backend,
      }
      for (const { instrument, read, more } of observed) {
        const value = read(standing)
        if (value !== undefined) result.observe(instrument, value, { ...attributes, ...more })
      }
    }
  }
  meter.addBatchObservableCallback(observe, instruments)
  return () => meter.removeBatchObservableCallback(observe, instruments)
}

function connections(meter: Meter): readonly Observed[] {
  const counts = meter.createObservableUpDownCounter('db.client.connection.count', {
    description: 'The number of connections that are in the state of the attribute.',
    unit: '{connection}',
  })
  return [
    {
      instrument: counts,
      read: ({ connections }) => connections?.used,
      more: { 'db.client.connection.state': 'used' },
    },
    {
      instrument: counts,
      read: ({ connections }) => connections?.idle,
      more: { 'db.client.connection.state': 'idle' },
    },
    {
      instrument: meter.createObservableUpDownCounter('db.client.connection.limit', {
        description: 'The most connections that there may be.',
        unit: '{connection}',
      }),
      read: ({ connections }) => connections?.max,
    },
    {
      instrument: meter.createObservableUpDownCounter('db.client.connection.pending_requests', {
        description: 'Callers that wait for a connection.',
        unit: '{request}',
      }),
      read: ({ connections }) => connections?.waiting,
    },
  ]
}

function queueAndCache(meter: Meter): readonly Observed[] {
  return [
    {
      instrument: meter.createObservableUpDownCounter('coffer.waiting_writes', {
        description: 'Writes that wait for a batch.',
        unit: '{operation}',
      }),
      read: ({ waitingWrites }) => waitingWrites,
    },
    {
      instrument: meter.createObservableUpDownCounter('coffer.cache.entries', {
        description: 'Records that the cache holds.',
        unit: '{record}',
      }),
      read: ({ cache }) => cache?.entries,
    },
    {
      instrument: meter.createObservableCounter('coffer.cache.hits', {
        description: 'Reads that the cache answered.',
        unit: '{read}',
      }),
      read: ({ cache }) => cache?.hits,
    },
    {
      instrument: meter.createObservableCounter('coffer.cache.misses', {
        description: 'Reads that went on to the backend.',
        unit: '{read}',
      }),
      read: ({ cache }) => cache?.misses,
    },
  ]
}
