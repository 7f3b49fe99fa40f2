/** Chains on their way in: checked whole before anything is stored. */

import { hashOf } from './chain-hash.ts'
import type { TrustChainRecord } from './chain-record.ts'
import { checkedChain } from './checked-chain.ts'
import type { NewTrustLineageChain, TrustLineageChain } from './lineage.ts'
import { findLineageFault } from './lineage-fault.ts'
import { TrustChainInvalidError } from './trust-errors.ts'

/** A chain that fits its schema and does not contradict itself. */
export interface PreparedChain {
  readonly agentId: string
  readonly chain: TrustLineageChain
  readonly hash: string
}

/** Checks a chain. @throws `TrustChainInvalidError`, which names the place and never shows a value */
export function prepareChain(given: NewTrustLineageChain, index?: number): PreparedChain {
  const chain = checkedChain(given, index)
  const fault = findLineageFault(chain)
  const agentId = chain.genesis.agent_id
  if (fault !== undefined) throw new TrustChainInvalidError(fault, { agentId, index })
  return { agentId, chain, hash: hashOf(chain) }
}

/**
 * The row of a chain, as a write at this instant leaves it.
 *
 * @param before the row in place, whose `created_at` stays
 * @param given the deadline that the caller gave, if any
 * @throws `TrustChainInvalidError` for a chain that is expired by then
 */
export function rowOf(
  { agentId, chain, hash }: PreparedChain,
  before: TrustChainRecord | undefined,
  given: Date | undefined,
  now: Date,
  index?: number,
): TrustChainRecord {
  const { authority_id, expires_at } = chain.genesis
  const deadlines = [...(given === undefined ? [] : [given]), ...(expires_at ? [new Date(expires_at)] : [])]
  const deadline = deadlines.length === 0 ? null : Math.min(...deadlines.map((each) => each.getTime()))
  if (deadline !== null && now.getTime() >= deadline) {
    throw new TrustChainInvalidError('the chain is expired; give it a deadline to come', { agentId, index })
  }
  const at = now.toISOString()
  return {
    id: agentId,
    chain_data: chain,
    chain_hash: hash,
    authority_id,
    created_at: before?.created_at ?? at,
    updated_at: at,
    is_active: true,
    expires_at: deadline === null ? null : new Date(deadline).toISOString(),
    given_expires_at: given?.toISOString() ?? null,
  }
}

/** True from the deadline on. */
export function isExpired({ expires_at }: TrustChainRecord, now: Date): boolean {
  return expires_at !== null && now.getTime() >= Date.parse(expires_at)
}
