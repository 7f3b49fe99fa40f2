/** What the writes of the trust store take. */

import { StoreError } from '@coffer/core'
import { checkedId } from '../id-text.ts'
import { instantOf } from '../instant.ts'
import { checkOptionNames } from '../option-names.ts'

/** What bulk writes take. */
export interface BulkChainOptions {
  /** The deadline of all of them, as in `ChainWriteOptions`. */
  readonly expiresAt?: Date | string | null | undefined
  readonly signal?: AbortSignal | undefined
}

/** What the writes of one chain take. */
export interface ChainWriteOptions {
  /**
   * From this instant on the chain is expired, or from `genesis.expires_at` on where that is earlier: a
   * `Date` or ISO 8601 with an offset; `null` for none. Default: none when a chain is stored, the one given
   * before when it is updated.
   */
  readonly expiresAt?: Date | string | null | undefined
  /** Write only if the chain has this version, else `VERSION_CONFLICT`; 0 means: only if there is none. */
  readonly ifVersion?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a bulk deletion takes. */
export interface BulkChainDeleteOptions {
  /** Whether the chain is kept, inactive and restorable. Default: true. False removes it and its history for good. */
  readonly softDelete?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a deletion takes. */
export interface ChainDeleteOptions extends BulkChainDeleteOptions {
  /** Delete only if the chain has this version, else `VERSION_CONFLICT`. */
  readonly ifVersion?: number | undefined
}

/** A deadline as it was asked for: `undefined` where nothing was said. */
export type AskedDeadline = Date | null | undefined

/** Checks the options of a write, and reads the deadline. */
export function askedDeadline(options: ChainWriteOptions, known: readonly string[]): AskedDeadline {
  checkOptionNames(options, known, 'trust_chains')
  const { expiresAt } = options
  if (expiresAt === undefined || expiresAt === null) return expiresAt
  const deadline = instantOf(expiresAt)
  if (deadline !== undefined) return deadline
  throw refusal("'expiresAt' is a Date, an ISO 8601 timestamp with a time zone, or null")
}

/** Checks the options of a deletion, and tells whether it is a soft one. */
export function isSoftDelete(options: ChainDeleteOptions, known: readonly string[]): boolean {
  checkOptionNames(options, known, 'trust_chains')
  const { softDelete = true } = options
  if (typeof softDelete === 'boolean') return softDelete
  throw refusal('softDelete takes true or false')
}

/** Checks the id of an agent. */
export function checkedAgent(agentId: unknown): string {
  return checkedId(agentId, 'agentId', 'trust_chains')
}

/** Checks the argument of a bulk call. */
export function checkBulk(items: readonly unknown[], what: string): void {
  if (!Array.isArray(items)) throw refusal(`it takes an array of ${what}`)
}

/** The error for an argument that is no chain and can't be accepted. */
export function refusal(problem: string): StoreError {
  return new StoreError('INVALID_ARGUMENT', `trust_chains: ${problem}`, { collection: 'trust_chains' })
}
