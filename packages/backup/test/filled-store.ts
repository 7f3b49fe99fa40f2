/** Stores with a bit of everything in them: tenants, history, soft-deleted, expired and removed records, a log. */

import { type BaseStore, createStore, defineCollection, defineLog, type StoreConfig } from '@coffer/core'
import * as z from 'zod'

export const START = Date.parse('2026-11-21T15:16:12.000Z')

export const notes = defineCollection({
  name: 'notes',
  schema: z.object({
    id: z.string(),
    author: z.string(),
    tags: z.array(z.string()),
    score: z.number().nullable(),
    text: z.string(),
  }),
  key: 'id',
  fields: { author: 'index', tags: 'index', score: 'index' },
  softDelete: true,
  history: true,
  integrity: true,
})

export const tasks = defineCollection({
  name: 'tasks',
  schema: z.object({ name: z.string(), done: z.boolean(), count: z.int() }),
  key: 'name',
  fields: { done: 'index', count: 'index' },
})

export const events = defineLog({
  name: 'events',
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    what: z.string(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** A clock that stands still until it is moved. */
export class Clock {
  at = START
  now(): number {
    return this.at
  }
}

/** Opens a store with a clock of its own. */
export function storeOn(config: StoreConfig, clock = new Clock()): BaseStore {
  return createStore({ ...config, clock })
}

export function aNote(id: string, more: Partial<z.output<typeof notes.schema>> = {}) {
  return { id, author: 'ada', tags: ['b', 'a'], score: 1.5, text: `note ${id}`, ...more } as never
}

/** Fills a store; with `count` notes of the default tenant. */
export async function fill(store: BaseStore, count = 30): Promise<void> {
  const mine = store.collection(notes)
  await mine.putMany(Array.from({ length: count }, (_none, index) => aNote(`n-${index}`)))
  await mine.put(aNote('__proto__', { text: 'a line\nand "quotes" \u{1f600} \uffff', score: null, tags: [] }))
  await mine.put(aNote('n-1', { text: 'written again' }))
  await mine.delete('n-2')
  const other = store.tenant('ünïcode 😀')
  await other.collection(notes).put(aNote('n-1', { author: 'grace' }))
  const todo = store.collection(tasks)
  await todo.put({ name: 'gone', done: false, count: Number.MIN_SAFE_INTEGER } as never)
  await todo.put({ name: 'gone', done: true, count: Number.MAX_SAFE_INTEGER } as never)
  await todo.delete('gone')
  await todo.put({ name: 'brief', done: false, count: 1 } as never, { ttlMs: 1 })
  await store.log(events).append('s-1', [{ what: 'begun' }, { what: 'ended' }] as never)
  await store
    .tenant('acme')
    .log(events)
    .append('s-1', [{ what: 'begun' }] as never)
}
