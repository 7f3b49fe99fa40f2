/** An application outside of the workspace: compiled and run against the packed packages. */

import assert from 'node:assert/strict'
import { withCache } from '@coffer/cache'
import { createStore, defineCollection, type StoreConfig } from '@coffer/core'
import { file } from '@coffer/file'
import { memory } from '@coffer/memory'
import { postgres } from '@coffer/postgres'
import { sqlite } from '@coffer/sqlite'
import * as z from 'zod'

const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), author: z.string(), read: z.boolean().optional() }),
  key: 'id',
  fields: { author: 'index' },
})

async function use(config: StoreConfig): Promise<void> {
  await using store = createStore(config)
  const collection = store.collection(notes)
  await collection.put({ id: '1', author: 'ada' })
  await store.transaction(async (transaction) => {
    await transaction.collection(notes).update('1', { read: true })
  })
  const author: string | undefined = (await collection.get('1'))?.author
  assert.equal(author, 'ada')
  const { records } = await collection.find({ where: { author: 'ada' } })
  assert.deepEqual(records, [{ id: '1', author: 'ada', read: true }])
}

await use({ type: 'memory' })
await use({ type: 'memory', cache: { ttlMs: 1_000 } })
await use({ type: 'memory', cache: { ttlMs: 1_000, withCache } })
await use({ backend: memory() })
await use({ type: 'file', basePath: 'by-type' })
await use({ backend: file({ basePath: 'by-instance' }) })
await use({ type: 'sqlite', path: 'type.db' })
await use({ backend: sqlite({ path: 'instance.db' }) })

const connectionString = process.env.DATABASE_URL
assert(connectionString !== undefined)
await use({ type: 'postgresql', connectionString, schema: 'by_type' })
await use({ backend: postgres({ connectionString, schema: 'by_instance' }) })

// The types are those of the schema, not `any`.
const store = createStore({ type: 'memory' })
// @ts-expect-error: a record needs its author
await assert.rejects(store.collection(notes).put({ id: '2' }), { code: 'INVALID_ARGUMENT' })
await store.close()
// @ts-expect-error: a port is a number
assert.throws(() => postgres({ port: '5432' }), { code: 'INVALID_ARGUMENT' })
// @ts-expect-error: how old an answer may be has to be said
assert.throws(() => createStore({ type: 'memory', cache: {} }), { code: 'INVALID_ARGUMENT' })
// @ts-expect-error: an option that there is not
assert.throws(() => createStore({ type: 'postgresql', poolSize: 3 }), { code: 'INVALID_ARGUMENT' })
// @ts-expect-error: a directory has to be named
assert.throws(() => createStore({ type: 'file' }), { code: 'INVALID_ARGUMENT' })
// @ts-expect-error: a durability that there is not
assert.throws(() => file({ basePath: 'notes', durability: 'relaxed' }), { code: 'INVALID_ARGUMENT' })
