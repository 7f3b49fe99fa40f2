import { type BaseStore, createStore, defineCollection, defineLog } from '@coffer/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { backup, contentHash, restore, verifyArchive } from '../src/index.ts'
import { manifestText } from '../src/manifest.ts'
import { testFolder } from './places.ts'

const longest = defineCollection({
  name: 'c'.repeat(40),
  schema: z.object({ id: z.string(), inside: z.json() }),
  key: 'id',
  history: true,
  softDelete: true,
})

const log = defineLog({
  name: 'l'.repeat(34),
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** A value that is nested as deeply as a store takes it. */
async function fillDeepest(store: BaseStore, id: string): Promise<void> {
  for (let depth = 130; ; depth--) {
    let inside: z.core.util.JSONType = 1
    for (let level = 0; level < depth; level++) inside = [inside]
    const isTaken = await store
      .collection(longest)
      .put({ id, inside })
      .then(
        () => true,
        () => false,
      )
    if (isTaken) return
  }
}

test.each(['memory', 'sqlite'] as const)(
  'the largest key, tenant, stream and names and the deepest document go into an archive and out of it (%s)',
  async (type) => {
    using folder = testFolder()
    await using store = createStore(type === 'memory' ? { type } : { type, path: `${folder.path}/store.db` })
    const largest = store.tenant(`${'€'.repeat(85)}x`)
    const key = '😀'.repeat(256)
    await fillDeepest(largest, key)
    await largest.collection(longest).delete(key)
    await largest.collection(longest).put({ id: 'k'.repeat(1_024), inside: null })
    await largest.log(log).append('s'.repeat(1_007), [{}, {}] as never)
    const made = await backup(store, { out: folder.path })
    expect(await verifyArchive(made.path)).toMatchObject({ contentHash: await contentHash(store) })
    await using target = createStore({ type: 'memory' })
    await restore(made.path, target)
    expect(await contentHash(target)).toBe(made.contentHash)
  },
)

test('a row that no archive could give back is refused when the backup is made', async () => {
  using folder = testFolder()
  await using store = createStore({ type: 'memory' })
  const layout = { ...longest.layout, name: 'things', history: undefined }
  const times = { createdAt: 1, updatedAt: 1, expiresAt: null, deletedAt: null }
  const row = { tenant: 'default', version: 1, schemaVersion: 1, hash: null, fields: [], ...times }
  await store.place().make([layout])
  const bad = { ...row, id: 'k'.repeat(1_025), document: '{}' }
  await store.place().merge(layout, { put: [bad], remove: [], floors: [] })
  await expect(backup(store, { out: folder.path })).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining('longer than 1024 bytes'),
  })
})

test('a manifest that no reader would take is refused when it is written', () => {
  const manifest = { release: '9.1.0', logs: [], layouts: [] } as never
  const { length } = manifestText(manifest)
  expect(manifestText(manifest, length)).toHaveLength(length)
  expect(() => manifestText(manifest, length - 1)).toThrow(/too large for one archive/)
})
