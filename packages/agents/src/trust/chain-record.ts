/** The table of trust chains, after Kaizen's PostgresTrustStore. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { trustLineageChain } from './lineage.ts'

/**
 * A chain as the table `trust_chains` holds it. Times are ISO 8601 in UTC with milliseconds. `is_active` is
 * false from a soft delete until the chain is stored again.
 */
export const trustChainRecord = z.strictObject({
  /** The agent's id. */
  id: z.string(),
  chain_data: trustLineageChain,
  /** `trustChainHash` of `chain_data`. */
  chain_hash: z.string(),
  authority_id: z.string(),
  created_at: isoTimestamp,
  updated_at: isoTimestamp,
  is_active: z.boolean(),
  /** The earlier of the deadline in the genesis record and the one given; null where there is neither. */
  expires_at: isoTimestamp.nullable(),
  /** The deadline that was given to the store, which an update keeps. */
  given_expires_at: isoTimestamp.nullish(),
})

/** A row of `trust_chains`: what the schema `trustChainRecord` describes. */
export type TrustChainRecord = z.output<typeof trustChainRecord>

/**
 * The table `trust_chains`. A chain stays in it when it expires, so `expires_at` is a column like any other.
 * Beside the `chain_hash` of the chain, core keeps a hash of the whole record. When a later version changes
 * what a chain holds, its `upgrade` sets `chain_hash` anew; what the old one proved, the record's hash does.
 */
export const trustChains = defineCollection({
  name: 'trust_chains',
  schema: trustChainRecord,
  key: 'id',
  fields: {
    id: 'column',
    chain_data: 'json',
    chain_hash: 'column',
    authority_id: 'index',
    created_at: 'column',
    updated_at: 'column',
    is_active: 'index',
    expires_at: 'index',
    capability_types: { type: 'texts', path: 'chain_data.capabilities.*.capability_type' },
    capabilities: { type: 'texts', path: 'chain_data.capabilities.*.capability' },
    metadata_words: { type: 'words', path: ['chain_data.metadata', 'chain_data.genesis.metadata'] },
  },
  history: true,
  integrity: true,
  version: 1,
})
