/** A place with something of everything in it. */

import { type BaseStore, defineCollection, isoDate } from '@coffer/core'
import * as z from 'zod'
import type { ManualClock } from '../manual-clock.ts'
import { everything, everythingOf, happenings, happeningsOf } from '../method-calls.ts'
import { restricted } from './reference-collections.ts'

/** A field of every type, columns of the document, an index over several fields, deadlines. */
export const measured = defineCollection({
  name: 'measured',
  schema: z.object({
    id: z.string(),
    label: z.string().nullish(),
    amount: z.int().nullish(),
    ratio: z.number().nullish(),
    open: z.boolean().nullish(),
    at: isoDate.nullish(),
    tags: z.array(z.string()).nullish(),
    place: z.object({ town: z.string() }).optional(),
    shape: z.object({ sides: z.int() }).optional(),
  }),
  key: 'id',
  fields: {
    label: 'index',
    amount: 'index',
    ratio: 'column',
    open: 'index',
    at: 'index',
    tags: 'index',
    town: { path: 'place.town' },
    words: { type: 'words', path: ['label', 'tags'] },
    shape: 'json',
  },
  indexes: [['open', 'label']],
})

/** One record with a value in every field, and what the fields are. */
export const FULL = {
  id: 'full',
  label: 'Été \ufffd',
  amount: -9_007_199_254_740_991,
  ratio: 5e-324,
  open: false,
  at: new Date(-62_135_596_800_000),
  tags: ['b', '😀', '\ufffd', 'b', ''],
  place: { town: 'Bath' },
  shape: { sides: 4 },
}

/** Both sides of the surrogates, case, forms of writing, prefixes, quotes, and what objects have by themselves. */
export const KEYS = [
  'a',
  'A',
  'a ',
  'a%',
  'a_',
  'aa',
  'é',
  'e\u0301',
  '\uffff',
  '\u{10000}',
  '😀',
  '__proto__',
  "'",
  '\u0001',
] as const
export const TENANTS = ['default', 'Default', 'def', '\uffff', '😀'] as const

/** Records in every state, for several tenants: live, expired, soft-deleted, removed, and their past. */
export async function fillRecords(store: BaseStore, clock: ManualClock): Promise<void> {
  const records = everythingOf(store)
  await records.putMany(KEYS.map((id) => ({ id, note: `of ${id}`, tags: [id, 'all'] })))
  for (const tenant of TENANTS) await everythingOf(store.tenant(tenant)).put({ id: 'own', note: tenant })
  clock.advance(10)
  await records.update('a', { note: 'changed' })
  await records.put({ id: 'mortal', note: 'x' }, { ttlMs: 60_000 })
  await records.put({ id: 'expired', note: 'x' }, { ttlMs: 1 })
  await records.delete('A')
  await records.delete('aa')
  await records.restore('aa')
  await records.put({ id: 'erased', note: 'x' })
  await records.delete('erased', { permanent: true })
  await everythingOf(store.tenant('😀')).clear()
  clock.advance(1)
}

/** A record with everything, one with nothing, and one that was removed. */
export async function fillMeasured(store: BaseStore): Promise<void> {
  await store.collection(measured).putMany([FULL, { id: 'empty' }, { id: 'nulls', label: null, tags: [] }])
  await store.collection(measured).delete('empty')
}

/** An author with a book. */
export async function fillReferences(store: BaseStore): Promise<void> {
  const { authors, books } = restricted(store)
  await authors.put({ id: 'ada' })
  await books.put({ id: 'notes', author: 'ada' })
}

/** Two streams of three entries. */
export async function fillLog(store: BaseStore): Promise<void> {
  for (const stream of ['s', '😀']) {
    const entries = [1, 2, 3].map((n) => ({ event_id: `${stream}-${n}`, note: `${n}` }))
    await happeningsOf(store).append(stream, entries)
  }
}

/** All of it, and a transaction that happens once. */
export async function fillSample(store: BaseStore, clock: ManualClock): Promise<void> {
  await fillRecords(store, clock)
  await fillMeasured(store)
  await fillReferences(store)
  await fillLog(store)
  await store.transaction(async () => 'told once', { idempotencyKey: 'sample' })
}

/** The definitions that the sample uses, and that users make themselves, so that exports contain them. */
export function defineSample(store: BaseStore): void {
  store.collection(everything)
  store.collection(measured)
  store.log(happenings)
  restricted(store)
}
