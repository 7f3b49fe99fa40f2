/**
 * Full disks: file systems of a few megabytes that are filled up, by the store itself and by others. Needs the right to
 * mount one; skipped with its reason where that lacks.
 */

import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type BaseStore, createStore, defineCollection } from '@coffer/core'
import { expect, type TestContext, test } from 'vitest'
import * as z from 'zod'
import { sqlite } from '../src/index.ts'
import { fillUp, freeBytes, smallDisk } from './small-disks.ts'

const options = {
  schema: z.object({
    id: z.string(),
    author: z.string(),
    tags: z.array(z.string()),
    text: z.string(),
    until: z.string().nullable(),
  }),
  key: 'id',
  fields: { author: 'index', tags: 'index' },
  expiresAt: 'until',
} as const
const papers = defineCollection({ ...options, name: 'papers' })
const drafts = defineCollection({ ...options, name: 'drafts', history: true })

type Papers = typeof papers
type Paper = z.infer<Papers['schema']>

const AT = Date.parse('2025-01-01T00:00:00Z')
const SOON = '2025-01-01T00:00:10.000Z'
const LATER = AT + 60_000

/** Such that it can't be compressed. */
function paper(n: number | string, bytes: number): Paper {
  const text = randomBytes(Math.ceil((bytes * 3) / 4)).toString('base64')
  const number = Number(n) || 0
  const until = number % 2 === 0 ? SOON : null
  return { id: `${n}`, author: `author ${number % 7}`, tags: ['all', `tag ${number % 3}`], text, until }
}

/** A store on an empty small disk, with a clock that the test sets. */
async function storeOn(disk: string, collection: Papers = papers, reserve?: { reserveBytes: number }) {
  const clock = { at: AT, now: () => clock.at }
  const path = join(disk, 'test.db')
  const open = async () => {
    const store = createStore({ backend: sqlite({ path, ...reserve }), clock })
    store.collection(collection)
    await store.open()
    return store
  }
  return { clock, path, open }
}

/** Puts until the disk refuses; answers what was acknowledged. */
async function fill(store: BaseStore, collection: Papers, bytes: number): Promise<Map<string, Paper>> {
  const stored = new Map<string, Paper>()
  const { promise: refused, resolve } = Promise.withResolvers<unknown>()
  for (let n = 0, isFull = false; !isFull && n < 10_000; n++) {
    const record = paper(n, bytes)
    await store
      .collection(collection)
      .put(record)
      .then(
        () => stored.set(record.id, record),
        (error: unknown) => {
          isFull = true
          resolve(error)
        },
      )
  }
  expect(await refused).toMatchObject({ code: 'NO_SPACE' })
  expect(stored.size).toBeGreaterThan(5)
  return stored
}

async function expectAll(store: BaseStore, collection: Papers, stored: ReadonlyMap<string, Paper>) {
  const found = await store.collection(collection).getMany([...stored.keys()])
  expect(found).toEqual([...stored.values()])
  expect(await store.collection(collection).count()).toBe(stored.size)
}

function disk(size: string, context: TestContext): string {
  return smallDisk(size) ?? context.skip('a small file system could not be mounted here: that takes root')
}

const sizes = ['1m', '4m'].flatMap((size) => [2_000, 30_000].map((bytes) => [size, bytes] as const))

test.for(sizes)(
  'a disk of %s, filled with records of %d bytes: nothing is lost, records can be removed, and then stored',
  async ([size, bytes], context) => {
    const { clock, open } = await storeOn(disk(size, context))
    await using store = await open()
    const collection = store.collection(papers)
    const stored = await fill(store, papers, bytes)
    await expectAll(store, papers, stored)
    for (const id of [...stored.keys()].slice(0, 10)) {
      expect(await collection.delete(id)).toBe(true)
      stored.delete(id)
    }
    await expectAll(store, papers, stored)
    const again = [paper('again 1', bytes), paper('again 2', bytes)]
    for (const record of again) {
      await collection.put(record)
      stored.set(record.id, record)
    }
    await expectAll(store, papers, stored)
    const due = [...stored.values()].filter(({ until }) => until !== null)
    clock.at = LATER
    expect(await store.cleanupExpired()).toBe(due.length)
    for (const { id } of due) stored.delete(id)
    await expectAll(store, papers, stored)
  },
)

test('when another program fills the disk, everything can be removed', async (context) => {
  const small = disk('1m', context)
  const { open } = await storeOn(small)
  const store = await open()
  const stored = await fill(store, papers, 5_000)
  fillUp(small)
  for (const id of stored.keys()) expect(await store.collection(papers).delete(id)).toBe(true)
  expect(await store.collection(papers).count()).toBe(0)
  await store.collection(papers).put(paper('again', 5_000))
  await store.close()
  await using reopened = await open()
  expect(await reopened.collection(papers).count()).toBe(1)
})

test('when another program fills a large disk at once, what is in the log alone finds its room', async (context) => {
  const large = disk('64m', context)
  const { path, open } = await storeOn(large)
  await using store = await open()
  const stored = new Map<string, Paper>()
  for (let n = 0; statSync(`${path}-wal`).size < 3_500_000; n++) {
    const record = paper(n, 5_000)
    await store.collection(papers).put(record)
    stored.set(record.id, record)
  }
  fillUp(large)
  expect(freeBytes(large)).toBe(0)
  for (const id of stored.keys()) expect(await store.collection(papers).delete(id)).toBe(true)
  expect(await store.collection(papers).count()).toBe(0)
})

test('of callers who share a batch, those who remove succeed and those who store are refused', async (context) => {
  const { open } = await storeOn(disk('1m', context))
  await using store = await open()
  const collection = store.collection(papers)
  const stored = await fill(store, papers, 2_000)
  const removed = [...stored.keys()].slice(0, 20)
  const outcomes = await Promise.allSettled(
    removed.flatMap((id) => [collection.delete(id), collection.put(paper(`new ${id}`, 200_000))]),
  )
  for (const [index, outcome] of outcomes.entries()) {
    if (index % 2 === 0) expect(outcome).toEqual({ status: 'fulfilled', value: true })
    else expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'NO_SPACE' } })
  }
  for (const id of removed) stored.delete(id)
  await expectAll(store, papers, stored)
})

test('removals in transactions need no more luck than others', async (context) => {
  const small = disk('1m', context)
  const { open } = await storeOn(small)
  await using store = await open()
  const stored = await fill(store, papers, 5_000)
  fillUp(small)
  const [first = '', second = '', third = ''] = stored.keys()
  await store.transaction(async (inside) => {
    await inside.collection(papers).delete(first)
    await inside.collection(papers).delete(second)
  })
  const refused = store.transaction((inside) => inside.collection(papers).put(paper('new', 300_000)))
  await expect(refused).rejects.toMatchObject({ code: 'NO_SPACE' })
  expect(
    await store.collection(papers).deleteMany({ author: stored.get(third)?.author ?? '' }),
  ).toBeGreaterThan(0)
  expect(await store.collection(papers).has(third)).toBe(false)
  expect(await store.collection(papers).clear()).toBeGreaterThan(0)
  expect(await store.collection(papers).count()).toBe(0)
})

test('several stores may share the database on a full disk, and its reserve', async (context) => {
  const small = disk('1m', context)
  const { open } = await storeOn(small)
  await using first = await open()
  await using second = await open()
  const stored = await fill(first, papers, 5_000)
  fillUp(small)
  for (const [index, id] of [...stored.keys()].entries()) {
    const store = index % 2 === 0 ? first : second
    expect(await store.collection(papers).delete(id)).toBe(true)
  }
  expect(await first.collection(papers).count()).toBe(0)
  await second.collection(papers).put(paper('again', 5_000))
})

test('a removal that leaves a history has room for it', async (context) => {
  const small = disk('4m', context)
  const { open } = await storeOn(small, drafts)
  await using store = await open()
  const stored = await fill(store, drafts, 2_000)
  fillUp(small)
  const [first = '', second = ''] = stored.keys()
  expect(await store.collection(drafts).delete(first)).toBe(true)
  const past = async (id: string) =>
    (await store.collection(drafts).history(id)).records.map(({ change }) => change)
  expect((await past(first)).toSorted()).toEqual(['delete', 'put'])
  expect(await store.collection(drafts).delete(second, { permanent: true })).toBe(true)
  expect(await past(second)).toEqual([])
})

test('a database on a full disk opens, tells what it has, and lets go of it', async (context) => {
  const small = disk('1m', context)
  const { open } = await storeOn(small)
  const store = await open()
  const stored = await fill(store, papers, 5_000)
  await store.close()
  fillUp(small)
  await using reopened = await open()
  await expectAll(reopened, papers, stored)
  const [first = ''] = stored.keys()
  expect(await reopened.collection(papers).delete(first)).toBe(true)
})

test('a disk without room for a database is told, and can be tried again', async (context) => {
  const small = disk('1m', context)
  fillUp(small)
  const store = createStore({ backend: sqlite({ path: join(small, 'test.db') }) })
  await expect(store.open()).rejects.toMatchObject({ code: 'NO_SPACE' })
  await store.close()
})

test('without a reserve, removals that find no room are refused, and nothing is harmed', async (context) => {
  const small = disk('1m', context)
  const { open } = await storeOn(small, papers, { reserveBytes: 0 })
  await using store = await open()
  const stored = await fill(store, papers, 5_000)
  fillUp(small)
  const [first = ''] = stored.keys()
  await expect(store.collection(papers).delete(first)).rejects.toMatchObject({ code: 'NO_SPACE' })
  await expectAll(store, papers, stored)
})
