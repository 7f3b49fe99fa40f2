/** Chains on their way in: checked whole before anything is stored. */

import { isStoreError, toDocument } from '@coffer/core'
import type * as z from 'zod'
import { trustChainHash } from './chain-hash.ts'
import type { TrustChainRecord } from './chain-record.ts'
import { LISTS, type NewTrustLineageChain, type TrustLineageChain, trustLineageChain } from './lineage.ts'
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
  const chain = parseChain(given, index)
  const fault = findLineageFault(chain)
  const agentId = chain.genesis.agent_id
  if (fault !== undefined) throw new TrustChainInvalidError(fault, { agentId, index })
  return { agentId, chain, hash: trustChainHash(chain) }
}

function parseChain(given: unknown, index: number | undefined): TrustLineageChain {
  if (typeof given !== 'object' || given === null) {
    throw new TrustChainInvalidError('a chain is an object: { genesis, capabilities, … }', { index })
  }
  const parsed = trustLineageChain.safeParse(asStored(given, index))
  if (parsed.success) return parsed.data
  throw new TrustChainInvalidError(describeIssues(parsed.error.issues), { index })
}

/** The chain as JSON will give it back, so that its hash is the same then. */
function asStored(given: object, index: number | undefined): unknown {
  const empty = Object.fromEntries(LISTS.map((list) => [list, []]))
  const lists = Object.entries(given).filter(([, value]) => value !== undefined)
  const text = toText({ ...empty, ...Object.fromEntries(lists) }, index)
  // Zod's records drop such a member and say nothing; a signed one must not get lost.
  if (text.includes('"__proto__":')) {
    throw new TrustChainInvalidError('no member can be called __proto__', { index })
  }
  return JSON.parse(text)
}

function toText(chain: object, index: number | undefined): string {
  try {
    return toDocument(chain, Infinity, 'chain')
  } catch (cause) {
    if (!isStoreError(cause)) throw cause
    throw new TrustChainInvalidError(cause.message, { index, cause })
  }
}

function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => `${issue.path.length === 0 ? 'the chain' : issue.path.join('.')}: ${issue.message}`)
    .join('; ')
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
