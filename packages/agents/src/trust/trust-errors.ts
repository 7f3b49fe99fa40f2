/** The errors of the trust store, by the names that Kaizen gives them. */

import { StoreError } from '@coffer/core'

/** What is known about a failure beside its sentence. */
export interface TrustErrorDetails {
  /** The agent concerned. */
  readonly agentId?: string | undefined
  /** Position in a bulk call, counted from 0. */
  readonly index?: number | undefined
  readonly cause?: unknown
}

/**
 * A failure that is the trust store's own. Tell which by `error.name` or `error.code`, as of every
 * `StoreError`. Failures of the database come as plain `StoreError`s whose code says which.
 */
export class TrustStoreError extends StoreError {
  constructor(code: 'NOT_FOUND' | 'INVALID_ARGUMENT', problem: string, details: TrustErrorDetails = {}) {
    const { agentId, index, cause } = details
    const keys = agentId === undefined ? undefined : [agentId]
    const position = index === undefined ? '' : ` (item ${index})`
    super(code, `trust_chains: ${problem}${position}`, { collection: 'trust_chains', keys, index, cause })
    this.name = 'TrustStoreError'
  }
}

/** There is no chain of this agent, or none that is active. Its code is `NOT_FOUND`. */
export class TrustChainNotFoundError extends TrustStoreError {
  constructor(problem: string, details?: TrustErrorDetails) {
    super('NOT_FOUND', problem, details)
    this.name = 'TrustChainNotFoundError'
  }
}

/** A chain that is none, contradicts itself or is expired. Its code is `INVALID_ARGUMENT`. */
export class TrustChainInvalidError extends TrustStoreError {
  constructor(problem: string, details?: TrustErrorDetails) {
    super('INVALID_ARGUMENT', problem, details)
    this.name = 'TrustChainInvalidError'
  }
}
