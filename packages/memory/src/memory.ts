/** The backend that keeps everything in memory and loses it when it is closed. */

import {
  type Backend,
  type Capabilities,
  isStoreError,
  type MemoryOptions,
  memoryOptions,
  parseOptions,
} from '@coffer/core/backend'
import { Engine } from './engine.ts'
import { EngineTransaction } from './engine-transaction.ts'

const CAPABILITIES: Capabilities = Object.freeze({
  durability: 'none',
  persistent: false,
  sharing: 'none',
  readsBesideTransaction: true,
  joinReads: false,
  savepoints: true,
  lanes: 1,
  contents: false,
})

/**
 * A backend in memory: the reference that others are compared with. Transactions read a snapshot and are
 * checked when they commit, so nobody waits for anybody.
 *
 * @param options none are known
 * @returns a backend for one store; closing it drops its rows
 * @throws StoreError `INVALID_ARGUMENT` for an unknown option
 */
export function memory(options?: MemoryOptions): Backend {
  parseOptions(memoryOptions, options ?? {}, 'memory')
  let engine = new Engine()
  return {
    name: 'memory',
    capabilities: CAPABILITIES,
    open: async (layouts) => engine.open(layouts),
    close: async () => {
      engine = new Engine()
    },
    read: async (layout, keys) => engine.read(layout, keys),
    query: async (layout, query, at) => engine.query(layout, query, at),
    count: async (layout, question, at) => engine.count(layout, question, at),
    aggregate: async (layout, aggregation, at) => engine.aggregate(layout, aggregation, at),
    tenants: async (layout) => engine.tenants(layout),
    write: async (groups, at) => engine.write(groups, at),
    transaction: async (run) => {
      const transaction = new EngineTransaction(engine, 'memory')
      const result = await run(transaction)
      engine.publish(transaction.conclude(engine))
      return result
    },
    sweep: async (layout, sweep, limit, at) => engine.sweep(layout, sweep, limit, at),
    reindex: async (layout, rows, finished) => engine.reindex(layout, rows, finished),
    errorCode: (cause) => (isStoreError(cause) ? cause.code : 'INTERNAL'),
  }
}
