/** The collections and the log that generated programs work on. */

import { type BaseStore, defineCollection, defineLog, isoDate } from '@coffer/core'
import * as z from 'zod'

/** Everything a collection can have, with a field of every type. */
export const records = defineCollection({
  name: 'records',
  schema: z.object({
    id: z.string(),
    label: z.string().nullish(),
    amount: z.int().nullish(),
    ratio: z.number().nullish(),
    open: z.boolean().nullish(),
    at: isoDate.nullish(),
    tags: z.array(z.string()).nullish(),
    extra: z.json().optional(),
  }),
  key: 'id',
  fields: {
    label: 'index',
    amount: 'column',
    ratio: 'index',
    open: 'column',
    at: 'index',
    tags: 'index',
    words: { type: 'words', path: ['label', 'tags'] },
  },
  indexes: [['open', 'label']],
  softDelete: true,
  history: true,
  integrity: true,
})

/** Removed at once, without a past. */
export const parents = defineCollection({
  name: 'parents',
  schema: z.object({ id: z.string(), label: z.string().optional() }),
  key: 'id',
  fields: { label: 'index' },
})

/** Goes with its parent. */
export const children = defineCollection({
  name: 'children',
  schema: z.object({ id: z.string(), parent: z.string().optional(), friend: z.string().optional() }),
  key: 'id',
  history: true,
  references: {
    parent: { collection: 'parents', onDelete: 'cascade' },
    friend: { collection: 'parents', onDelete: 'restrict' },
  },
})

export const events = defineLog({
  name: 'events',
  schema: z.object({
    event_id: z.string(),
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    kind: z.string(),
  }),
  key: 'event_id',
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
  fields: { kind: 'index' },
})

/** What a call can be made on. */
export type TargetName = 'records' | 'parents' | 'children' | 'events'

/** The handle with that name. */
export function targetOf(store: BaseStore, name: TargetName): object {
  switch (name) {
    case 'records':
      return store.collection(records)
    case 'parents':
      return store.collection(parents)
    case 'children':
      return store.collection(children)
    case 'events':
      return store.log(events)
  }
}

/** Makes all of them known, so that transactions may use them. */
export async function openAll(store: BaseStore): Promise<void> {
  for (const name of ['records', 'parents', 'children', 'events'] as const) targetOf(store, name)
  await store.open()
}
