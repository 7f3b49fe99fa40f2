/** Stores and collections to watch. */

import { createStore, defineCollection, defineLog } from '@coffer/core'
import { memory } from '@coffer/memory'
import * as z from 'zod'

/** Stands in every key, value, stream and tenant of a test that looks for them. */
export const CANARY = 'canary'

export const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), text: z.string(), expires_at: z.string().nullish() }),
  key: 'id',
  fields: { text: 'index' },
  softDelete: true,
  history: true,
})

export const happenings = defineLog({
  name: 'happenings',
  schema: z.object({
    event_id: z.string(),
    trace_id: z.string(),
    sequence: z.int(),
    event_hash: z.string(),
    previous_hash: z.string(),
  }),
  key: 'event_id',
  chain: { stream: 'trace_id', sequence: 'sequence', hash: 'event_hash', previous: 'previous_hash' },
})

/** A store in memory. */
export function storeInMemory(): ReturnType<typeof createStore> {
  return createStore({ backend: memory() })
}

/** A collection with nothing but a key. */
export function collectionNamed(name: string) {
  return defineCollection({ name, schema: z.object({ id: z.string() }), key: 'id' })
}

/** Every method of a collection, a log and a store, some of them failing, with canaries wherever a caller says something. */
export async function everythingWithCanaries(root: ReturnType<typeof createStore>): Promise<void> {
  const store = root.tenant(`tenant-${CANARY}`)
  const id = `key-${CANARY}`
  const all = store.collection(notes)
  const record = { id, text: CANARY }
  const failing = async (work: Promise<unknown>) => work.catch(() => undefined)
  await all.put(record)
  await all.putMany([record])
  await failing(all.insert(record))
  await failing(all.insertMany([record]))
  await all.update(id, { text: `${CANARY} again` })
  await failing(all.update(`absent-${CANARY}`, { text: CANARY }))
  await Promise.all([all.get(id), all.getEntry(id), all.getMany([id]), all.has(id)])
  await all.find({ where: { text: CANARY } })
  await all.findEntries({ where: { text: CANARY } })
  await all.findOne({ where: { text: CANARY } })
  for await (const _each of all.iterate({ where: { text: CANARY } }));
  for await (const _each of all.iterateDocuments());
  await all.count({ text: CANARY })
  await all.exists({ text: CANARY })
  await all.aggregate({ measures: { n: 'count' }, where: { text: CANARY } })
  await all.history(id)
  await all.getAt(id, { version: 1 })
  await all.verify(id)
  await all.delete(id)
  await all.restore(id)
  await all.deleteMany([id])
  await all.clear()
  const log = store.log(happenings)
  const stream = `stream-${CANARY}`
  await log.append(stream, [{ event_id: CANARY }])
  await log.read(stream)
  await log.head(stream)
  await log.verify(stream)
  await log.verifyEntry(CANARY)
  await store.transaction((tx) => tx.collection(notes).put(record), { idempotencyKey: CANARY })
  await failing(
    store.transaction(async () => {
      throw new Error(CANARY)
    }),
  )
  await store.cleanupExpired()
  await store.purgeDeleted({ olderThanMs: 0 })
  await root.place().inspect()
}
