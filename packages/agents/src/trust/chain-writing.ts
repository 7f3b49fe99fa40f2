/** The writes of one chain. */

import type { BaseStore } from '@coffer/core'
import {
  type AskedDeadline,
  askedDeadline,
  type ChainDeleteOptions,
  type ChainWriteOptions,
  checkedAgent,
  isSoftDelete,
} from './chain-options.ts'
import { changeRow, noChain, putRow, rowsOf, type TrustChains } from './chain-place.ts'
import type { TrustChainRecord } from './chain-record.ts'
import type { NewTrustLineageChain } from './lineage.ts'
import { prepareChain, rowOf } from './prepared-chain.ts'
import { TrustChainInvalidError } from './trust-errors.ts'

/** Methods that write one chain. */
export interface ChainWriting {
  /**
   * Stores a chain over whatever its agent has, in one atomic write. One that was soft-deleted is active
   * again; `created_at` stays as it was.
   *
   * @returns the agent's id, `genesis.agent_id`
   * @throws `TrustChainInvalidError` for what is no chain, contradicts itself or is expired by the store's
   *   clock; `VERSION_CONFLICT` as `ifVersion` asks
   */
  storeChain(chain: NewTrustLineageChain, options?: ChainWriteOptions): Promise<string>
  /**
   * Replaces an active chain. The deadline that was given stays unless the options say otherwise. With the
   * version of `getChainEntry` as `ifVersion`, no update of others is lost.
   *
   * @returns its new version
   * @throws `TrustChainNotFoundError` where there is none, or an inactive one; `TrustChainInvalidError` as
   *   `storeChain`, and for the chain of another agent; `VERSION_CONFLICT` as `ifVersion` asks
   */
  updateChain(agentId: string, chain: NewTrustLineageChain, options?: ChainWriteOptions): Promise<number>
  /**
   * Deletes a chain: softly unless told otherwise, or for good with its history.
   *
   * @throws `TrustChainNotFoundError` where there is none, or, for a soft delete, an inactive one;
   *   `VERSION_CONFLICT` as `ifVersion` asks
   */
  deleteChain(agentId: string, options?: ChainDeleteOptions): Promise<void>
}

const WRITE_OPTIONS = ['expiresAt', 'ifVersion', 'signal']
const DELETE_OPTIONS = ['softDelete', 'ifVersion', 'signal']

/** Makes the writes of one handle. */
export function chainWriting(store: BaseStore, definition: TrustChains): ChainWriting {
  const rows = rowsOf(store, definition)
  return {
    storeChain: async (chain, options = {}) => {
      const given = askedDeadline(options, WRITE_OPTIONS) ?? undefined
      const prepared = prepareChain(chain)
      const row = (before: TrustChainRecord | undefined) => rowOf(prepared, before, given, store.now())
      const { ifVersion, signal } = options
      await putRow(rows, prepared.agentId, row, { ifVersion, signal })
      return prepared.agentId
    },
    updateChain: async (agentId, chain, options = {}) => {
      const asked = askedDeadline(options, WRITE_OPTIONS)
      checkedAgent(agentId)
      const prepared = prepareChain(chain)
      if (prepared.agentId !== agentId) {
        throw new TrustChainInvalidError('genesis.agent_id names another agent than the one to update')
      }
      const change = (before: TrustChainRecord) => {
        if (!before.is_active) throw noChain(agentId)
        return rowOf(prepared, before, deadlineOver(before, asked), store.now())
      }
      const { ifVersion, signal } = options
      return changeRow(rows, agentId, change, { ifVersion, signal })
    },
    deleteChain: async (agentId, options = {}) => {
      const soft = isSoftDelete(options, DELETE_OPTIONS)
      checkedAgent(agentId)
      const { ifVersion, signal } = options
      const deactivate = (before: TrustChainRecord) => {
        if (!before.is_active) throw noChain(agentId)
        return inactive(before, store.now())
      }
      if (soft) await changeRow(rows, agentId, deactivate, { ifVersion, signal })
      else if (!(await rows.delete(agentId, { permanent: true, ifVersion, signal }))) throw noChain(agentId)
    },
  }
}

/** The deadline that an update gives: the one asked for, or the one that was given before. */
export function deadlineOver(before: TrustChainRecord, asked: AskedDeadline): Date | undefined {
  if (asked !== undefined) return asked ?? undefined
  return before.given_expires_at == null ? undefined : new Date(before.given_expires_at)
}

/** The row of a chain that is soft-deleted at this instant. */
export function inactive(before: TrustChainRecord, now: Date): TrustChainRecord {
  return { ...before, is_active: false, updated_at: now.toISOString() }
}
