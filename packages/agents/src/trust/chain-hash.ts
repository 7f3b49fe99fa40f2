/** The hash that stands beside a trust chain. */

import { timingSafeEqual } from 'node:crypto'
import { canonicalJson, sha256 } from '@coffer/core'
import type { TrustLineageChain } from './lineage.ts'

/**
 * The `chain_hash` of a chain: the hex SHA-256 of `{ "chain": …, "coffer": "trust-chain/1" }` in the
 * canonical form of RFC 8785. The second member keeps it apart from every other hash. The chain is taken as
 * it is stored, with all four lists.
 */
export function trustChainHash(chain: TrustLineageChain): string {
  return sha256(canonicalJson({ coffer: 'trust-chain/1', chain }))
}

/** Compares in constant time, so that nobody learns by timing how much of a hash is right. */
export function isHashOf(hash: string, chain: TrustLineageChain): boolean {
  const expected = Buffer.from(trustChainHash(chain))
  const given = Buffer.from(hash)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
