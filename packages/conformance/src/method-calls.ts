/**
 * One call of every public method of a collection, a log, a store and its place, for cases that must hold for all of
 * them. `unmapped` finds the methods that have no call here yet, so that a new method is covered the day it
 * is written.
 */

import { type BaseStore, defineCollection, defineLog, type Place } from '@coffer/core'
import * as z from 'zod'

/** A collection with everything that a collection can have. */
export const everything = defineCollection({
  name: 'everything',
  schema: z.object({ id: z.string(), note: z.string(), tags: z.array(z.string()).optional() }),
  key: 'id',
  fields: { note: 'index', tags: 'index' },
  softDelete: true,
  history: true,
  integrity: true,
})

/** A log of plain events. */
export const happenings = defineLog({
  name: 'happenings',
  schema: z.object({
    event_id: z.string(),
    trace_id: z.string(),
    sequence: z.int(),
    event_hash: z.string(),
    previous_hash: z.string(),
    note: z.string(),
  }),
  key: 'event_id',
  chain: { stream: 'trace_id', sequence: 'sequence', hash: 'event_hash', previous: 'previous_hash' },
  fields: { note: 'index' },
})

export type Everything = ReturnType<typeof everythingOf>
export type Happenings = ReturnType<typeof happeningsOf>

/** The collection that the calls of collections are for, on a store or any handle of it. */
export function everythingOf(store: BaseStore) {
  return store.collection(everything)
}

/** The log that the calls of logs are for, on a store or any handle of it. */
export function happeningsOf(store: BaseStore) {
  return store.log(happenings)
}

type Call<T> = (target: T, key: string, signal?: AbortSignal) => Promise<unknown>

/** The calls of a collection, each on a key. */
export const collectionCalls: Readonly<Record<string, Call<Everything>>> = {
  get: (collection, key, signal) => collection.get(key, { signal }),
  getEntry: (collection, key, signal) => collection.getEntry(key, { signal, includeDeleted: true }),
  getMany: (collection, key, signal) => collection.getMany([key], { signal }),
  has: (collection, key, signal) => collection.has(key, { signal }),
  find: (collection, _key, signal) => collection.find({ ...(signal && { signal }), includeDeleted: true }),
  findEntries: (collection, _key, signal) => collection.findEntries({ ...(signal && { signal }) }),
  findOne: (collection, _key, signal) => collection.findOne({ ...(signal && { signal }) }),
  iterate: (collection, _key, signal) => all(collection.iterate({ ...(signal && { signal }) })),
  iterateDocuments: (collection) => all(collection.iterateDocuments()),
  count: (collection, _key, signal) => collection.count({}, { signal }),
  aggregate: (collection, _key, signal) =>
    collection.aggregate({ by: ['note'], measures: { n: 'count', last: { max: 'note' } }, signal }),
  exists: (collection, _key, signal) => collection.exists({}, { signal }),
  put: (collection, key, signal) => collection.put({ id: key, note: 'put' }, { signal }),
  putMany: (collection, key, signal) => collection.putMany([{ id: key, note: 'putMany' }], { signal }),
  insert: (collection, key, signal) => collection.insert({ id: `${key}-1`, note: 'insert' }, { signal }),
  insertMany: (collection, key, signal) =>
    collection.insertMany([{ id: `${key}-2`, note: 'insertMany' }], { signal }),
  update: (collection, key, signal) => collection.update(key, { note: 'update' }, { signal }),
  delete: (collection, key, signal) => collection.delete(key, { signal }),
  restore: (collection, key, signal) => collection.restore(key, { signal }),
  deleteMany: (collection, _key, signal) => collection.deleteMany({ all: true }, { signal }),
  history: (collection, key) => collection.history(key),
  getAt: (collection, key) => collection.getAt(key, { version: 1 }),
  verify: (collection) => collection.verify(),
  clear: (collection, _key, signal) => collection.clear({ signal }),
}

/** The calls of a log; the key names the stream. */
export const logCalls: Readonly<Record<string, Call<Happenings>>> = {
  append: (log, key, signal) => log.append(key, [{ event_id: `${key}-1`, note: 'append' }], { signal }),
  read: (log, key, signal) => log.read(key, { signal }),
  iterate: (log, key, signal) => all(log.iterate(key, { signal })),
  get: (log, key, signal) => log.get(`${key}-1`, { signal }),
  find: (log, _key, signal) => log.find({ ...(signal && { signal }) }),
  count: (log) => log.count(),
  aggregate: (log, _key, signal) => log.aggregate({ by: ['note'], measures: { n: 'count' }, signal }),
  head: (log, key) => log.head(key),
  streams: (log, _key, signal) => all(log.streams({ signal })),
  verify: (log, key) => log.verify(key),
  verifyEntry: (log, key) => log.verifyEntry(key && `${key}-1`),
}

/** The calls of a store that reach its backend. */
export const storeCalls: Readonly<Record<string, (store: BaseStore) => Promise<unknown>>> = {
  open: (store) => store.open(),
  transaction: (store) => store.transaction(async () => 1),
  cleanupExpired: (store) => store.cleanupExpired(),
  purgeDeleted: (store) => store.purgeDeleted({ olderThanMs: 0 }),
}

/** Methods of a store that only make handles, tell the time, or end it. */
export const STORE_HANDLES: readonly string[] = [
  'cacheStatistics',
  'close',
  'collection',
  'log',
  'now',
  'place',
  'tenant',
]

/** The calls of a store's place that reach its backend. */
export const placeCalls: Readonly<Record<string, (place: Place) => Promise<unknown>>> = {
  isThere: (place) => place.isThere(),
  inspect: (place) => place.inspect(),
  check: (place) => place.check(),
  layouts: (place) => place.layouts(),
  snapshot: (place) => place.snapshot(async () => 1),
  replace: (place) => place.replace({ layouts: [], onlyIfEmpty: true }, async () => 1),
  make: (place) => place.make([everything.layout]),
  merge: (place) => place.merge(everything.layout, { put: [], remove: [], floors: [] }),
  statements: (place) => place.statements(undefined, everything.layout),
  nativeBackup: (place) => place.nativeBackup('nowhere'),
  nativeRestore: (place) => place.nativeRestore('nowhere', { onlyIfEmpty: true }),
  plan: (place) => place.plan(),
  settle: (place) => place.settle(everything.layout),
  migrate: (place) => place.migrate(),
}

/** Methods of a place that ask nobody, or never fail. */
export const PLACE_HANDLES: readonly string[] = ['statistics', 'health']

/** The public methods of an object that a map of calls does not name. */
export function unmapped(target: object, calls: object, others: readonly string[] = []): string[] {
  const prototype: object = Object.getPrototypeOf(target)
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name)
    .filter((name) => !Object.hasOwn(calls, name) && !others.includes(name))
}

/** Everything that an iteration gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
