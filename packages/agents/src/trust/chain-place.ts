/** The row of one agent: put over what is there, or changed where there is one. */

import {
  type BaseStore,
  type Collection,
  type CollectionDefinition,
  isStoreError,
  StoreError,
} from '@coffer/core'
import type { TrustChainRecord, trustChains } from './chain-record.ts'
import { TrustChainNotFoundError } from './trust-errors.ts'

/** The table, or a copy of its definition with another version. */
export type TrustChains = typeof trustChains

/** What the writes of one row take. */
export interface RowOptions {
  readonly ifVersion?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** How often a row is put where others insert and remove the same one. */
const MAX_ATTEMPTS = 100

/** The rows as a handle of a store shows them. */
export function rowsOf(store: BaseStore, definition: TrustChains): ChainRows {
  return store.collection(definition)
}

/** What queries may use. */
export type ChainField = TrustChains extends CollectionDefinition<TrustChainRecord, infer F> ? F : never

/** The rows of one tenant. */
export type ChainRows = Collection<TrustChainRecord, ChainField>

/**
 * Puts a row over whatever is there. A transaction would do the same with a commit of its own; two conditional
 * writes share theirs with other callers.
 *
 * @param row makes the row from the one in place; may be called again
 */
export async function putRow(
  rows: ChainRows,
  agentId: string,
  row: (before: TrustChainRecord | undefined) => TrustChainRecord,
  { ifVersion, signal }: RowOptions,
): Promise<void> {
  if (ifVersion !== undefined) {
    const before = await rows.getEntry(agentId, { consistency: 'strong', signal })
    const version = before?.version ?? 0
    // What is no version at all is refused by the put.
    if (version !== ifVersion && Number.isInteger(ifVersion) && ifVersion >= 0) throw versionConflict(agentId)
    await rows.put(row(before?.record), { ifVersion, signal })
    return
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await rows.update(agentId, row, { signal })
      return
    } catch (error) {
      if (!isStoreError(error, 'NOT_FOUND')) throw error
    }
    try {
      await rows.put(row(undefined), { ifVersion: 0, signal })
      return
    } catch (error) {
      if (!isStoreError(error, 'VERSION_CONFLICT') || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** Changes a row that has to be there. @returns its new version */
export async function changeRow(
  rows: ChainRows,
  agentId: string,
  change: (before: TrustChainRecord) => TrustChainRecord,
  options: RowOptions,
): Promise<number> {
  try {
    return await rows.update(agentId, change, options)
  } catch (error) {
    if (!isStoreError(error, 'NOT_FOUND') || error instanceof TrustChainNotFoundError) throw error
    throw noChain(agentId)
  }
}

/** The error for an agent without an active chain. */
export function noChain(agentId: string, index?: number): TrustChainNotFoundError {
  return new TrustChainNotFoundError('there is no active chain of this agent', { agentId, index })
}

function versionConflict(agentId: string): StoreError {
  return new StoreError(
    'VERSION_CONFLICT',
    "trust_chains: the chain does not have the version that 'ifVersion' asks for",
    { collection: 'trust_chains', keys: [agentId] },
  )
}
