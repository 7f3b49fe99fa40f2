/** The chain of a log: what an entry's hash covers, and how a stream is checked. */

import { sha256 } from './hash.ts'
import { canonicalJson } from './json.ts'

/** The hash before the first entry of a stream. */
export const GENESIS_HASH = '0'.repeat(64)

/** What an entry's hash covers. */
export interface ChainedEntry {
  readonly log: string
  readonly tenant: string
  readonly stream: string
  /** From 1. */
  readonly sequence: number
  /** The hash of the entry before, or `GENESIS_HASH`. */
  readonly previous: string
  /** The encoded entry as it is stored, without the member that carries its own hash. */
  readonly entry: unknown
}

/**
 * The hash of a log entry: hex SHA-256 of the RFC 8785 form of a fixed shape. It covers where the entry
 * stands as well as what it says, so that an entry moved to another place, stream, tenant or log no longer
 * fits. A tracer that computes hashes itself uses this function.
 */
export function entryHash({ log, tenant, stream, sequence, previous, entry }: ChainedEntry): string {
  return sha256(canonicalJson({ coffer: 'log-entry/1', log, tenant, stream, sequence, previous, entry }))
}
