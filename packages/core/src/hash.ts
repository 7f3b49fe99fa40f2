/** Hashes that a store keeps beside its records: SHA-256 over the canonical form of a fixed shape. */

import { hash } from 'node:crypto'
import { canonicalJson } from './json.ts'

/** The hex SHA-256 of text as UTF-8. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}

/**
 * The integrity hash of a record. It covers where the record lives as well as what it says, so that a
 * record moved to another key, tenant or collection no longer fits. The first member keeps it apart from
 * every other hash.
 */
export function recordHash(collection: string, tenant: string, id: string, document: unknown): string {
  return sha256(canonicalJson({ coffer: 'record/1', collection, tenant, id, document }))
}
