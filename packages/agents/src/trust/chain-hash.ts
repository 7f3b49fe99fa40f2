/** The hash that stands beside a trust chain. */

import { timingSafeEqual } from 'node:crypto'
import { canonicalJson, sha256 } from '@coffer/core'
import { checkedChain } from './checked-chain.ts'
import type { NewTrustLineageChain, TrustLineageChain } from './lineage.ts'

/**
 * The `chain_hash` of a chain: the hex SHA-256 of `{ "chain": …, "coffer": "trust-chain/1" }` in the
 * canonical form of RFC 8785. The second member keeps it apart from every other hash. The chain is taken as
 * `storeChain` would store it: lists that are absent are empty.
 *
 * @throws `TrustChainInvalidError` for what is no chain; whether it contradicts itself is not looked at
 */
export function trustChainHash(chain: NewTrustLineageChain): string {
  return hashOf(checkedChain(chain))
}

/** The hash of a chain that is as it is stored. */
export function hashOf(chain: TrustLineageChain): string {
  return sha256(canonicalJson({ coffer: 'trust-chain/1', chain }))
}

/** Compares in constant time, so that nobody learns by timing how much of a hash is right. */
export function isHashOf(hash: string, chain: TrustLineageChain): boolean {
  const expected = Buffer.from(hashOf(chain))
  const given = Buffer.from(hash)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
