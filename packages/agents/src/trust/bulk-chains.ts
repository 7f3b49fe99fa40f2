/** The writes of many chains: all of them happen, or none. */

import type { BaseStore } from '@coffer/core'
import {
  askedDeadline,
  type BulkChainDeleteOptions,
  type BulkChainOptions,
  checkBulk,
  isSoftDelete,
} from './chain-options.ts'
import { type ChainRows, noChain, rowsOf, type TrustChains } from './chain-place.ts'
import type { TrustChainRecord } from './chain-record.ts'
import { deadlineOver, inactive } from './chain-writing.ts'
import type { NewTrustLineageChain } from './lineage.ts'
import { type PreparedChain, prepareChain, rowOf } from './prepared-chain.ts'

/** Methods that write many chains. Each is one transaction of one read and one write; errors name the index. */
export interface BulkChains {
  /** Stores all chains or none, each as `storeChain`; of two of one agent the later wins. @returns the agents' ids, in order */
  bulkStoreChains(chains: readonly NewTrustLineageChain[], options?: BulkChainOptions): Promise<string[]>
  /**
   * Updates all chains or none, each as `updateChain` does that of its `genesis.agent_id`.
   *
   * @returns their new versions, in order
   */
  bulkUpdateChains(chains: readonly NewTrustLineageChain[], options?: BulkChainOptions): Promise<number[]>
  /** Deletes the chains of all agents or of none, each as `deleteChain`. */
  bulkDeleteChains(agentIds: readonly string[], options?: BulkChainDeleteOptions): Promise<void>
}

const WRITE_OPTIONS = ['expiresAt', 'signal']
const DELETE_OPTIONS = ['softDelete', 'signal']

/** Makes the bulk writes of one handle. */
export function bulkChains(store: BaseStore, definition: TrustChains): BulkChains {
  return {
    bulkStoreChains: async (chains, options = {}) => {
      const given = askedDeadline(options, WRITE_OPTIONS) ?? undefined
      const prepared = prepareAll(chains)
      await writeAll(store, definition, prepared, options.signal, (each, before, index) =>
        rowOf(each, before, given, store.now(), index),
      )
      return prepared.map(({ agentId }) => agentId)
    },
    bulkUpdateChains: async (chains, options = {}) => {
      const asked = askedDeadline(options, WRITE_OPTIONS)
      return writeAll(store, definition, prepareAll(chains), options.signal, (each, before, index) => {
        if (before?.is_active !== true) throw noChain(each.agentId, index)
        return rowOf(each, before, deadlineOver(before, asked), store.now(), index)
      })
    },
    bulkDeleteChains: async (agentIds, options = {}) => {
      const soft = isSoftDelete(options, DELETE_OPTIONS)
      checkBulk(agentIds, 'agent ids')
      await deleteAll(store, definition, [...agentIds], soft, options.signal)
    },
  }
}

function prepareAll(chains: readonly NewTrustLineageChain[]): PreparedChain[] {
  checkBulk(chains, 'chains')
  return chains.map((chain, index) => prepareChain(chain, index))
}

async function writeAll(
  store: BaseStore,
  definition: TrustChains,
  chains: readonly PreparedChain[],
  signal: AbortSignal | undefined,
  row: (chain: PreparedChain, before: TrustChainRecord | undefined, index: number) => TrustChainRecord,
): Promise<number[]> {
  if (chains.length === 0) return []
  return store.transaction(async (transaction) => {
    const rows = rowsOf(transaction, definition)
    const present = await presentRows(
      rows,
      chains.map(({ agentId }) => agentId),
      signal,
    )
    const written = chains.map((chain, index) => {
      const after = row(chain, present.get(chain.agentId), index)
      present.set(chain.agentId, after)
      return after
    })
    return rows.putMany(written, { signal })
  })
}

async function deleteAll(
  store: BaseStore,
  definition: TrustChains,
  agentIds: readonly string[],
  soft: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (agentIds.length === 0) return
  await store.transaction(async (transaction) => {
    const rows = rowsOf(transaction, definition)
    const present = await presentRows(rows, agentIds, signal)
    const found = agentIds.map((agentId, index) => {
      const before = present.get(agentId)
      if (before === undefined || (soft && !before.is_active)) throw noChain(agentId, index)
      // An agent named twice is not there the second time.
      present.delete(agentId)
      return before
    })
    if (!soft) await rows.deleteMany(agentIds, { permanent: true, signal })
    else
      await rows.putMany(
        found.map((before) => inactive(before, store.now())),
        { signal },
      )
  })
}

async function presentRows(
  rows: ChainRows,
  agentIds: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<string, TrustChainRecord>> {
  const found = await rows.getMany(agentIds, { signal })
  return new Map(found.flatMap((row) => (row === undefined ? [] : [[row.id, row] as const])))
}
