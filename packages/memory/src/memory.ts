/** The backend that keeps everything in memory and loses it when it is closed. */

import {
  type Backend,
  type Capabilities,
  type Contents,
  isStoreError,
  type MemoryOptions,
  memoryOptions,
  parseOptions,
  refuseOlderDefinitions,
  StoreError,
} from '@coffer/core/backend'
import { Engine } from './engine.ts'
import { EngineTransaction } from './engine-transaction.ts'
import { Filling } from './filling.ts'
import { inspectView } from './inspection.ts'
import { snapshotOf } from './view-snapshot.ts'

const CAPABILITIES: Capabilities = Object.freeze({
  durability: 'none',
  persistent: false,
  sharing: 'none',
  readsBesideTransaction: true,
  joinReads: false,
  savepoints: true,
  lanes: 1,
  contents: true,
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
    open: async (layouts) => {
      refuseOlderDefinitions('memory', layouts, (name) => engine.layout(name))
      return engine.open(layouts)
    },
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
    contents: contentsOf(() => engine),
    inspect: async (counting) => inspectView(engine.view(), counting),
    errorCode: (cause) => (isStoreError(cause) ? cause.code : 'INTERNAL'),
  }
}

/** @param current answers the engine, which is another one after closing */
function contentsOf(current: () => Engine): Contents {
  return {
    layouts: async () => snapshotOf(current().view()).layouts,
    snapshot: async (run) => run(snapshotOf(current().view())),
    replace: async (replacement, run) => {
      const engine = current()
      const refuseRows = () => {
        if (replacement.onlyIfEmpty && !engine.view().isEmpty) throw notEmpty()
      }
      refuseRows()
      const filling = new Filling(replacement.layouts)
      const result = await run(filling)
      // Nobody was kept from writing meanwhile.
      refuseRows()
      engine.reset(filling.view())
      return result
    },
    merge: async (layout, merge) => current().merge(layout, merge),
  }
}

function notEmpty(): StoreError {
  const advice = 'replace it in so many words, or take an empty one'
  return new StoreError('ALREADY_EXISTS', `the place has records already: ${advice}`, { backend: 'memory' })
}
