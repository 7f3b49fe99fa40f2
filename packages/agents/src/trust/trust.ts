/** The trust store: trust lineage chains, after Kaizen's PostgresTrustStore. */

import { type BaseStore, defineModule } from '@coffer/core'
import { type BulkChains, bulkChains } from './bulk-chains.ts'
import { type ChainLists, chainLists } from './chain-lists.ts'
import type { TrustChains } from './chain-place.ts'
import { type ChainReading, chainReading } from './chain-reading.ts'
import { trustChains } from './chain-record.ts'
import { type ChainWriting, chainWriting } from './chain-writing.ts'

/**
 * The methods of the trust store. Arguments that can't be accepted fail with `INVALID_ARGUMENT` before
 * anything is stored; failures of the database come as they are, as `StoreError`s.
 */
export interface TrustMethods extends ChainWriting, BulkChains, ChainReading, ChainLists {}

/** Makes the methods of one handle. @param definition the table, or a later version of it */
export function trustMethods(store: BaseStore, definition: TrustChains = trustChains): TrustMethods {
  return {
    ...chainWriting(store, definition),
    ...bulkChains(store, definition),
    ...chainReading(store, definition),
    ...chainLists(store, definition),
  }
}

/** The trust store, as a module for `createStore`. */
export const trust = defineModule<TrustMethods>({
  collections: { trustChains },
  methods: (store) => trustMethods(store),
})
