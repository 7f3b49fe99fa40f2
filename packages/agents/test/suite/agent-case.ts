/** Cases of the agent stores, as data: what each shows, which methods it calls, and how. No case names a backend. */

import type { ManualClock } from '@coffer/conformance'
import type { AgentStore } from '../../src/index.ts'

/** What a case works with. */
export interface AgentCaseContext {
  /** Empty to begin with. Unless the case is alone, a tenant of a store that other cases use too. */
  readonly store: AgentStore
  /** The clock of the store. It stands still until it is moved. */
  readonly clock: ManualClock
  /** A handle of another tenant of the same store, empty to begin with. */
  readonly otherTenant: AgentStore
  /**
   * Changes stored data behind the store's back: replaces the document of a row by what `change` makes of its
   * JSON text. Answers false, and changes nothing, where nothing can reach around the backend. Only for a
   * case that is alone.
   */
  tamper(collection: string, id: string, change: (document: string) => string): Promise<boolean>
}

/** One case of the suite. */
export interface AgentCase {
  /** `trust-expired-chain`: the module and a few words. Unique and stable. */
  readonly id: string
  /** The behaviour in plain words. */
  readonly title: string
  /** The methods that it proves something of: `trust.storeChain`, `chil.power.transferPower`. */
  readonly methods: readonly string[]
  /** Whether it needs a store of its own: one whose data is tampered with. Default: false. */
  readonly alone?: boolean
  /**
   * Whether it can run again with every call in a transaction of its own. Default: true. False for what is
   * not for transactions and for cases about calls that meet.
   */
  readonly inTransactions?: boolean
  /** Resolves when the behaviour is as it should be; throws an assertion error otherwise. */
  readonly run: (context: AgentCaseContext) => Promise<void>
}
