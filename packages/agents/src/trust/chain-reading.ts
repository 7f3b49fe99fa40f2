/** Reading one chain: as it is, as it was, and whether it is what was stored. */

import { type BaseStore, type Entry, type HistoryOptions, isStoreError, type RecordPage } from '@coffer/core'
import { instantOf } from '../instant.ts'
import { checkOptionNames } from '../option-names.ts'
import { isHashOf } from './chain-hash.ts'
import { checkedAgent, refusal } from './chain-options.ts'
import { noChain, rowsOf, type TrustChains } from './chain-place.ts'
import type { TrustChainRecord } from './chain-record.ts'
import type { TrustLineageChain } from './lineage.ts'
import { isExpired } from './prepared-chain.ts'
import { TrustChainInvalidError } from './trust-errors.ts'

/** Which chains a read answers beside active ones before their deadline. */
export interface ChainVisibility {
  /** Whether a soft-deleted chain is answered too. Default: false. */
  readonly includeInactive?: boolean | undefined
  /** Whether an expired chain is answered too. Default: false, so that nobody trusts one by oversight. */
  readonly includeExpired?: boolean | undefined
}

/** What reads of one chain take. */
export interface ChainGetOptions extends ChainVisibility {
  /** `'strong'` goes around the cache. */
  readonly consistency?: 'strong' | 'eventual' | undefined
  readonly signal?: AbortSignal | undefined
}

/** A row of `trust_chains` with its version, for `ifVersion`. */
export type TrustChainEntry = Pick<Entry<TrustChainRecord>, 'record' | 'version'>

/** One version of a chain's past. */
export interface TrustChainVersion {
  readonly version: number
  readonly changedAt: Date
  /** The row from then on: what the chain was, whether it was active, until when. */
  readonly record: TrustChainRecord
}

/** What `verifyChainIntegrity` takes. */
export interface VerifyChainOptions {
  /** Whether a soft-deleted chain is checked too. Default: false. */
  readonly includeInactive?: boolean | undefined
}

/** Methods that read one chain. */
export interface ChainReading {
  /**
   * The active chain of an agent, from the cache where the store has one.
   *
   * @throws `TrustChainNotFoundError` where there is none, or an inactive one and it was not asked for;
   *   `TrustChainInvalidError` where it is expired and that was not asked for
   */
  getChain(agentId: string, options?: ChainGetOptions): Promise<TrustLineageChain>
  /** As `getChain`, with the version that guards an update, the hash and the times. */
  getChainEntry(agentId: string, options?: ChainGetOptions): Promise<TrustChainEntry>
  /**
   * The chain that `getChain` would have answered at an instant, with the same errors; or the chain as a
   * version, whatever its deadline. A soft-deleted chain is inactive from its deletion on.
   */
  getChainAt(
    agentId: string,
    when: Date | { readonly version: number },
    options?: ChainVisibility,
  ): Promise<TrustLineageChain>
  /**
   * The past of a chain, newest first: every time it was stored, updated, soft-deleted or restored, 100
   * unless said otherwise. Nothing for an agent that never had one, or whose chain was deleted for good.
   */
  chainHistory(agentId: string, options?: HistoryOptions): Promise<TrustChainVersion[]>
  /** As `chainHistory`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageChainHistory(agentId: string, options?: HistoryOptions): Promise<RecordPage<TrustChainVersion>>
  /**
   * Whether a chain is what was stored: its `chain_hash`, compared in constant time, the hash of the whole
   * record, which covers its deadline and activity too, and the columns. Reads around the cache; an expired
   * chain is checked like any other.
   *
   * @throws `TrustChainNotFoundError` where there is none, or an inactive one and it was not asked for
   */
  verifyChainIntegrity(agentId: string, options?: VerifyChainOptions): Promise<boolean>
}

const GET_OPTIONS = ['includeInactive', 'includeExpired', 'consistency', 'signal']

/** Makes the reads of one handle. */
export function chainReading(store: BaseStore, definition: TrustChains): ChainReading {
  const rows = rowsOf(store, definition)
  const pageChainHistory: ChainReading['pageChainHistory'] = async (agentId, options = {}) => {
    const page = await rows.history(checkedAgent(agentId), options)
    const records = page.records.map(({ version, changedAt, record }) => ({ version, changedAt, record }))
    return { records, next: page.next }
  }
  return {
    getChain: async (agentId, options = {}) => {
      const { consistency, signal } = checkedVisibility(options, GET_OPTIONS)
      const row = await rows.get(checkedAgent(agentId), { consistency, signal })
      return visible(row, agentId, options, store.now()).chain_data
    },
    getChainEntry: async (agentId, options = {}) => {
      const { consistency, signal } = checkedVisibility(options, GET_OPTIONS)
      const entry = await rows.getEntry(checkedAgent(agentId), { consistency, signal })
      const record = visible(entry?.record, agentId, options, store.now())
      return { record, version: entry?.version ?? 0 }
    },
    getChainAt: async (agentId, when, options = {}) => {
      const { includeInactive, includeExpired } = checkedVisibility(options, [
        'includeInactive',
        'includeExpired',
      ])
      checkedAgent(agentId)
      checkMoment(when)
      const row = await rows.getAt(agentId, when)
      const [at, anyDeadline] = when instanceof Date ? [when, includeExpired] : [store.now(), true]
      return visible(row, agentId, { includeInactive, includeExpired: anyDeadline }, at).chain_data
    },
    chainHistory: async (agentId, options) => (await pageChainHistory(agentId, options)).records,
    pageChainHistory,
    verifyChainIntegrity: async (agentId, options = {}) => {
      checkedVisibility(options, ['includeInactive'])
      const report = await rows.verify(checkedAgent(agentId))
      if (report.checked > 0 && !report.ok) return false
      try {
        const row = await rows.get(agentId, { consistency: 'strong' })
        const { chain_hash, chain_data } = visible(
          row,
          agentId,
          { ...options, includeExpired: true },
          store.now(),
        )
        return isHashOf(chain_hash, chain_data)
      } catch (error) {
        if (isStoreError(error, 'CORRUPT')) return false
        throw error
      }
    },
  }
}

function checkedVisibility<O extends ChainVisibility>(options: O, known: readonly string[]): O {
  checkOptionNames(options, known, 'trust_chains')
  for (const name of ['includeInactive', 'includeExpired'] as const) {
    if (!['boolean', 'undefined'].includes(typeof options[name]))
      throw refusal(`'${name}' takes true or false`)
  }
  return options
}

function checkMoment(when: unknown): void {
  if (when instanceof Date ? instantOf(when) !== undefined : isVersion(when)) return
  throw refusal('getChainAt takes a valid Date or { version }, a whole number')
}

function isVersion(when: unknown): boolean {
  return Number.isSafeInteger((when as { readonly version?: unknown } | null | undefined)?.version)
}

/** The row, or the error that says why it is not answered. */
function visible(
  row: TrustChainRecord | undefined,
  agentId: string,
  { includeInactive = false, includeExpired = false }: ChainVisibility,
  at: Date,
): TrustChainRecord {
  if (row === undefined || !(row.is_active || includeInactive)) throw noChain(agentId)
  if (includeExpired || !isExpired(row, at)) return row
  throw new TrustChainInvalidError('the chain is expired; includeExpired answers it all the same', {
    agentId,
  })
}
