/** Lists of trust chains. */

import type { BaseStore, Filter, FindOptions, RecordPage } from '@coffer/core'
import { PAGING_NAMES, type Paging } from '../listing.ts'
import { checkOptionNames } from '../option-names.ts'
import { refusal } from './chain-options.ts'
import { type ChainField, rowsOf, type TrustChains } from './chain-place.ts'
import type { TrustChainRecord } from './chain-record.ts'
import type { TrustLineageChain } from './lineage.ts'
import { isExpired } from './prepared-chain.ts'

/** Which chains are meant; all of it must hold. */
export interface TrustChainFilter {
  /** `genesis.authority_id`. */
  readonly authorityId?: string | undefined
  /** Whether soft-deleted chains are left out. Default: true. */
  readonly activeOnly?: boolean | undefined
  /** Chains with a capability of this type, such as `access`. */
  readonly capabilityType?: string | undefined
  /** Chains with this capability. */
  readonly capability?: string | undefined
  /**
   * By deadline: `'active'` for chains before it or without one, `'expired'`, `'any'`, or
   * `{ withinMs }` for those that are not expired yet and will be in so many milliseconds. Default: `'active'`.
   */
  readonly expiration?: 'active' | 'expired' | 'any' | { readonly withinMs: number } | undefined
  /** Chains whose metadata, or whose genesis record's, has all words of this text. */
  readonly metadataWords?: string | undefined
}

/** What lists take: the filter and the paging, in one object. */
export interface TrustChainListOptions extends TrustChainFilter, Paging {}

/** What a count takes. */
export interface TrustChainCountOptions extends TrustChainFilter {
  readonly signal?: AbortSignal | undefined
}

/** Methods that list. */
export interface ChainLists {
  /**
   * The chains that match, by their agent's id: an array of at most `limit`, 100 unless said otherwise.
   * Active chains before their deadline unless the filter says otherwise.
   */
  listChains(options?: TrustChainListOptions): Promise<TrustLineageChain[]>
  /**
   * As `listChains`: `{ records, next }`, where `next` is the `cursor` of the page behind. What expires
   * between two pages is left out, so a page may be short; the last one is that without `next`.
   */
  pageChains(options?: TrustChainListOptions): Promise<RecordPage<TrustLineageChain>>
  /** As `listChains`, all of them, page by page; `limit` is the size of a page. */
  iterateChains(options?: TrustChainListOptions): AsyncGenerator<TrustLineageChain, void, undefined>
  /** How many chains match. */
  countChains(options?: TrustChainCountOptions): Promise<number>
}

const FILTERS = ['authorityId', 'activeOnly', 'capabilityType', 'capability', 'expiration', 'metadataWords']

/** Makes the lists of one handle. */
export function chainLists(store: BaseStore, definition: TrustChains): ChainLists {
  const rows = rowsOf(store, definition)
  const pageChains: ChainLists['pageChains'] = async (options = {}) => {
    checkOptionNames(options, [...FILTERS, ...PAGING_NAMES], 'trust_chains')
    const { limit, offset, cursor, signal } = options
    const now = store.now()
    const from = cursor === undefined ? { at: now, cursor } : openCursor(cursor)
    const find: FindOptions<ChainField> = {
      where: filterOf(options, from.at),
      limit,
      offset,
      signal,
      cursor: from.cursor,
    }
    const page = await rows.find(find)
    return {
      records: page.records.filter((row) => stillMeant(row, options, now)).map((row) => row.chain_data),
      next: page.next === undefined ? undefined : sealCursor(from.at, page.next),
    }
  }
  return {
    listChains: async (options) => (await pageChains(options)).records,
    pageChains,
    iterateChains: async function* (options = {}) {
      let page = await pageChains(options)
      yield* page.records
      while (page.next !== undefined) {
        page = await pageChains({ ...options, offset: undefined, cursor: page.next })
        yield* page.records
      }
    },
    countChains: async (options = {}) => {
      checkOptionNames(options, [...FILTERS, 'signal'], 'trust_chains')
      return rows.count(filterOf(options, store.now()), { signal: options.signal })
    },
  }
}

function filterOf(options: TrustChainFilter, at: Date): Filter<ChainField> {
  const { authorityId, activeOnly = true, capabilityType, capability, expiration, metadataWords } = options
  if (typeof activeOnly !== 'boolean') throw refusal("'activeOnly' takes true or false")
  checkTexts({ authorityId, capabilityType, capability })
  checkTexts({ metadataWords }, WORD)
  return {
    and: [
      ...(authorityId === undefined ? [] : [{ authority_id: { eq: authorityId } }]),
      ...(activeOnly ? [{ is_active: true }] : []),
      ...(capabilityType === undefined ? [] : [{ capability_types: { has: capabilityType } }]),
      ...(capability === undefined ? [] : [{ capabilities: { has: capability } }]),
      ...(metadataWords === undefined ? [] : [{ metadata_words: { words: metadataWords } }]),
      ...deadlineFilter(expiration, at),
    ],
  }
}

/** What a word has at least one of; what exactly a word is, the collection says. */
const WORD = /[\p{L}\p{M}\p{N}_]/u

function checkTexts(asked: Readonly<Record<string, unknown>>, has?: RegExp): void {
  for (const [name, value] of Object.entries(asked)) {
    if (value === undefined) continue
    const isText = typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
    if (!isText) throw refusal(`'${name}' takes a text, without NUL or lone surrogates`)
    if (has?.test(value.normalize('NFKC')) === false) {
      throw refusal(`'${name}' takes a text with at least one letter or digit`)
    }
  }
}

function deadlineFilter(
  expiration: TrustChainFilter['expiration'] = 'active',
  at: Date,
): Filter<ChainField>[] {
  if (expiration === 'any') return []
  if (expiration === 'expired') return [{ expires_at: { lte: at } }]
  if (expiration === 'active') return [{ or: [{ expires_at: null }, { expires_at: { gt: at } }] }]
  const { withinMs, ...others } = Object(expiration) as { withinMs?: unknown }
  const end = new Date(at.getTime() + (typeof withinMs === 'number' && withinMs >= 0 ? withinMs : Number.NaN))
  if (Object.keys(others).length === 0 && !Number.isNaN(end.getTime())) {
    return [{ expires_at: { gt: at, lte: end } }]
  }
  throw refusal(`'expiration' is 'active', 'expired', 'any' or { withinMs }, milliseconds from 0`)
}

/** False for a chain that has expired since the first page was asked for, where expired ones are not meant. */
function stillMeant(row: TrustChainRecord, { expiration }: TrustChainFilter, now: Date): boolean {
  return expiration === 'any' || expiration === 'expired' || !isExpired(row, now)
}

/**
 * A cursor belongs to its query, and the query to the instant that its first page was asked for; so the
 * instant goes along. Whoever changes it has another query, and core refuses the cursor.
 */
function sealCursor(at: Date, cursor: string): string {
  return `${at.getTime().toString(36)}.${cursor}`
}

function openCursor(cursor: unknown): { readonly at: Date; readonly cursor: string } {
  const parts = typeof cursor === 'string' ? /^(-?[0-9a-z]{1,11})\.(.+)$/s.exec(cursor) : null
  const at = new Date(Number.parseInt(parts?.[1] ?? '', 36))
  if (parts === null || Number.isNaN(at.getTime())) throw refusal('the cursor is not one of this list')
  return { at, cursor: parts[2] as string }
}
