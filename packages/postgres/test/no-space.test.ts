/** A full disk: a table on a file system of one megabyte. Needs the right to mount one; skipped with its reason where that lacks. */

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdtempSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStore, defineCollection } from '@coffer/core'
import { startPostgres } from '@coffer-tooling/postgres'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { postgres } from '../src/index.ts'
import { query } from './notes.ts'

const papers = defineCollection({
  name: 'papers',
  schema: z.object({ id: z.string(), text: z.string() }),
  key: 'id',
  fields: {},
})

const folder = mkdtempSync(join(tmpdir(), 'small-disk-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
const canMount = mounted.status === 0
if (!canMount) rmdirSync(folder)

test('a full disk refuses with NO_SPACE and harms nothing', async ({ skip }) => {
  if (!canMount) return skip('a small file system could not be mounted here: that takes root')
  const server = await startPostgres({ kind: 'embedded' })
  try {
    const { uid, gid } = statSync(server.process?.dataDirectory ?? folder)
    chownSync(folder, uid, gid)
    await using store = createStore({ backend: postgres({ connectionString: server.url }) })
    store.collection(papers)
    await store.open()
    await query(
      server.url,
      `CREATE TABLESPACE small LOCATION '${folder}'`,
      'ALTER TABLE coffer.papers SET TABLESPACE small',
    )
    const collection = store.collection(papers)
    const stored = new Map<string, string>()
    let refusal: unknown
    for (let n = 0; refusal === undefined && n < 100; n++) {
      // Such that it can't be compressed.
      const record = { id: `${n}`, text: randomBytes(30_000).toString('base64') }
      await collection.put(record).then(
        () => stored.set(record.id, record.text),
        (error: unknown) => {
          refusal = error
        },
      )
    }
    expect(refusal).toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringMatching(/disk of the server is full; nothing was changed: make room \(53100\)/),
    })
    expect(stored.size).toBeGreaterThan(5)
    const there = (await collection.find({ limit: 100 })).records.map(({ id, text }) => [id, text] as const)
    expect(new Map(there)).toEqual(stored)
    const bulk = Array.from({ length: 30 }, (_, n) => ({
      id: `bulk-${n}`,
      text: randomBytes(30_000).toString('base64'),
    }))
    await expect(collection.putMany(bulk)).rejects.toMatchObject({ code: 'NO_SPACE' })
    await expect(
      store.transaction((inside) => inside.collection(papers).putMany(bulk)),
    ).rejects.toMatchObject({ code: 'NO_SPACE' })
    expect(await collection.count()).toBe(stored.size)
    for (const id of stored.keys()) expect(await collection.delete(id)).toBe(true)
    spawnSync('mount', ['-o', 'remount,size=8m', folder])
    expect(await collection.put({ id: 'again', text: 'there is room' })).toBeGreaterThan(0)
  } finally {
    await server.stop()
    spawnSync('umount', ['-l', folder])
    rmdirSync(folder)
  }
})
