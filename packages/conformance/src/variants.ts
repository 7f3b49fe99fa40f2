/**
 * Groups of cases that run again: in a tenant of their own, with every operation in a transaction, and through a
 * cache.
 */

import type { BaseStore, Collection, CollectionDefinition } from '@coffer/core'
import type { Case, Dress, Requirement } from './case.ts'

const TENANT = 'tenant/Ünïcode 😀'

/** Store handles that are confined to one tenant. */
const inTenant: Dress = (store) => store.tenant(TENANT)

/** Store handles whose collections run each operation in a transaction of its own. */
const inTransactions: Dress = (store) =>
  new Proxy(store, {
    get: (target, name) => {
      if (name === 'collection') {
        return <R, F extends string>(definition: CollectionDefinition<R, F>) =>
          transactional(target, definition)
      }
      if (name === 'tenant') return (tenant: string) => inTransactions(target.tenant(tenant))
      return bound(target, name)
    },
  })

const GENERATORS: readonly PropertyKey[] = ['iterate', 'iterateDocuments']

function transactional<R, F extends string>(
  store: BaseStore,
  definition: CollectionDefinition<R, F>,
): Collection<R, F> {
  const plain = store.collection(definition)
  return new Proxy(plain, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      // A generator lives longer than one transaction.
      if (GENERATORS.includes(name)) return value.bind(target)
      return (...parameters: unknown[]) =>
        store.transaction(async (transaction) => {
          const collection = transaction.collection(definition)
          return await Reflect.apply(Reflect.get(collection, name), collection, parameters)
        })
    },
  })
}

function bound(target: object, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name, target)
  return typeof value === 'function' ? value.bind(target) : value
}

/** The clauses about records and questions. */
const CLAUSES = /^[KVRWT]\d/
/** What is refused before any backend is asked, and what counts commits, stores and openers. */
const UNSUITED = /^(V2|V3|R3|W4|W6|T4|T5)-/
/**
 * Cases about the moment at which a call looks at its arguments, about two calls that meet, or about reads that
 * are not for transactions.
 */
const UNSUITED_IN_TRANSACTION = /^(V4-|W2-update-|R5-)/

/** What a cache could get wrong: records, read by key and changed in every way. */
const THROUGH_CACHE =
  /^(?:K4|V4|R1|W[1235]|T[12346]|X[2456]|N\d|G[2346]|U1|O6)-|^R5-(?:strong|eventual)-(?:get|has)/
/** What changes records without a word to the store may be seen late. */
const BEHIND_THE_STORE: readonly Requirement[] = ['secondOpener', 'tamper', 'newerFormat']
/** Nothing of it grows too old by a case's clock. */
const CACHE = { ttlMs: 86_400_000, maxEntries: 10_000 }

/** The cases once more, as variants; ids end in `@tenant`, `@transaction` and `@cache`. */
export function variantsOf(cases: readonly Case[]): readonly Case[] {
  const suited = cases.filter((each) => CLAUSES.test(each.clause) && !UNSUITED.test(each.id))
  return [
    ...suited.map((each) => variant(each, 'tenant', 'in a tenant', inTenant)),
    ...suited
      .filter((each) => !UNSUITED_IN_TRANSACTION.test(each.id))
      .map((each) => variant(each, 'transaction', 'in transactions', inTransactions)),
    ...cases.filter(isCacheable).map(throughCache),
  ]
}

function isCacheable(each: Case): boolean {
  return THROUGH_CACHE.test(each.id) && !each.requires?.some((need) => BEHIND_THE_STORE.includes(need))
}

function throughCache(each: Case): Case {
  return {
    ...each,
    id: `${each.id}@cache`,
    title: `${each.title} (through a cache)`,
    requires: ['cache', ...(each.requires ?? [])],
    run: (context) => each.run(context.dressed((store) => store, { cache: CACHE })),
  }
}

function variant(each: Case, name: string, place: string, dress: Dress): Case {
  return {
    ...each,
    id: `${each.id}@${name}`,
    title: `${each.title} (${place})`,
    run: (context) => each.run(context.dressed(dress)),
  }
}
