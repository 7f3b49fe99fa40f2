/** The methods that measure the whole network. */

import type { BaseStore, Collection } from '@coffer/core'
import * as z from 'zod'
import { checkedRecord } from '../../checked-record.ts'
import { nameText } from '../checked.ts'
import { beyond } from '../refusals.ts'
import { gini, herfindahl } from './concentration.ts'
import { centrality, density, type NodeCentrality } from './network.ts'
import { powerNodes } from './power-node.ts'
import { powerRelations } from './power-relation.ts'

/** The largest network whose paths are walked; what takes longer would hold up everything else of the process. */
export const MAX_NETWORK_NODES = 1_000
export const MAX_NETWORK_RELATIONS = 10_000
/** The most nodes over which amounts are compared. */
export const MAX_HOLDERS = 100_000
const PAGE_RECORDS = 1_000

/** What `networkMeasures` takes. */
export interface NetworkOptions {
  /** Only relations of this type. Default: of every type. */
  readonly relation_type?: string | undefined
}

/** What is measured of the network and of each of its nodes. */
export interface NetworkMeasures {
  /** The share of the relations that there could be, each direction by itself, that there are. */
  readonly density: number
  /** Every node, by its id. */
  readonly nodes: readonly NodeCentrality[]
}

/** How unequally power is spread. */
export interface PowerConcentration {
  readonly nodes: number
  readonly total: number
  /** 0 where all nodes hold the same, towards 1 where one holds everything; null where nobody holds anything. */
  readonly gini: number | null
  /** The Herfindahl–Hirschman index: 1 / n where all hold the same, 1 where one holds everything; null as before. */
  readonly herfindahl: number | null
}

/** Methods that measure the network. Each sees it as one moment has it. */
export interface MeasureMethods {
  /**
   * Degrees, degree centrality and betweenness of every node, and the density. Relations have a direction;
   * several types between two nodes count as one, and their strength for nothing. The definitions stand at
   * `centrality`.
   *
   * @throws `LIMIT_EXCEEDED` for more than 1,000 nodes or 10,000 relations
   */
  networkMeasures(options?: NetworkOptions): Promise<NetworkMeasures>
  /**
   * How unequally power is spread over the nodes: Gini and Herfindahl–Hirschman. The definitions stand at
   * `gini` and `herfindahl`.
   *
   * @throws `LIMIT_EXCEEDED` for more than 100,000 nodes, and for a total above 2^53−1
   */
  powerConcentration(): Promise<PowerConcentration>
}

const networkOptions = z.strictObject({ relation_type: nameText.optional() })

/** Makes the measuring methods of one handle. */
export function measureMethods(store: BaseStore): MeasureMethods {
  return {
    networkMeasures: async (given = {}) => {
      const where = checkedRecord(networkOptions, given, 'networkMeasures')
      return store.transaction(async (transaction) => {
        const nodes = await all(transaction.collection(powerNodes), {}, MAX_NETWORK_NODES)
        const relations = await all(transaction.collection(powerRelations), where, MAX_NETWORK_RELATIONS)
        const ids = nodes.map(({ node_id }) => node_id)
        const edges = relations.map(({ source_id, target_id }) => ({ source: source_id, target: target_id }))
        return { density: density(ids, edges), nodes: centrality(ids, edges) }
      })
    },
    powerConcentration: async () =>
      store.transaction(async (transaction) => {
        const nodes = await all(transaction.collection(powerNodes), {}, MAX_HOLDERS)
        const amounts = nodes.map(({ amount }) => amount)
        const total = amounts.reduce((sum, amount) => sum + BigInt(amount), 0n)
        if (total > BigInt(Number.MAX_SAFE_INTEGER)) throw beyond(powerNodes, 'the total can not be counted')
        return {
          nodes: nodes.length,
          total: Number(total),
          gini: gini(amounts),
          herfindahl: herfindahl(amounts),
        }
      }),
  }
}

/** Every record that matches, by key, or the refusal of more than a bound. */
async function all<R>(
  collection: Pick<Collection<R>, 'iterate' | 'definition'>,
  where: Readonly<Record<string, string | undefined>>,
  most: number,
): Promise<R[]> {
  const records: R[] = []
  for await (const record of collection.iterate({ where: where as object, limit: PAGE_RECORDS })) {
    if (records.length === most) throw beyond(collection.definition, `it is measured up to ${most} records`)
    records.push(record)
  }
  return records
}
