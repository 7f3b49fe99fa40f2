import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BaseStore, defineCollection, isStoreError } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertSame, heldBy } from '../held-contents.ts'
import { fillRecords } from './sample-place.ts'
import { successors } from './successors.ts'

const marks = defineCollection({ name: 'marks', schema: z.object({ id: z.string() }), key: 'id' })

/** Runs in a folder that is taken away afterwards. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-copies-'))
  try {
    await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Whether the backend has a form of its own here: one may need a program that is not on every machine. */
async function isMade(store: BaseStore, path: string): Promise<boolean> {
  try {
    assert.match(await store.place().nativeBackup(path), /^[a-z][a-z_]*$/)
  } catch (error) {
    assert.ok(isStoreError(error) && error.code === 'UNSUPPORTED', String(error))
    assert.equal(existsSync(path), false, 'a copy that was refused has left a file')
    return false
  }
  assert.ok((await readFile(path)).length > 0)
  return true
}

/** Runs with a copy of a place that has records in every state, where the backend makes and puts back copies. */
function withCopy(
  context: CaseContext,
  run: (copied: {
    readonly path: string
    /** A store on the place, of which nothing is open. */
    readonly next: () => Promise<BaseStore>
  }) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const next = successors(context)
    const store = await next()
    await fillRecords(store, context.clock)
    const path = join(folder, 'copy')
    if (!(await isMade(store, path))) return
    if (context.place.backend().contents?.nativeRestore !== undefined) return run({ path, next })
    const restoring = (await next()).place().nativeRestore(path, { onlyIfEmpty: false })
    await assert.rejects(restoring, { code: 'UNSUPPORTED' })
  })
}

/** Asserts that a restore is refused, and leaves the place as it is. */
async function assertRefused(
  store: BaseStore,
  path: string,
  options: { readonly onlyIfEmpty: boolean; readonly signal?: AbortSignal },
  code: string,
): Promise<void> {
  const before = await heldBy(store)
  await assert.rejects(store.place().nativeRestore(path, options), { code })
  assertSame(await heldBy(store), before)
}

/** O13: copies in the engine's own form. */
export const nativeCopyCases: readonly Case[] = [
  {
    id: 'O13-made',
    clause: 'O13',
    title: 'a copy is a file where nothing was, of a form that has a name, and making it changes nothing',
    requires: ['contents'],
    run: (context) =>
      inFolder(async (folder) => {
        const store = context.store()
        await fillRecords(store, context.clock)
        const before = await heldBy(store)
        await isMade(store, join(folder, 'copy'))
        assertSame(await heldBy(store), before)
      }),
  },
  {
    id: 'O13-taken',
    clause: 'O13',
    title: 'a copy goes over nothing',
    requires: ['contents'],
    run: (context) =>
      inFolder(async (folder) => {
        const store = context.store()
        await store.collection(marks).put({ id: 'a' })
        const path = join(folder, 'copy')
        const code = (await isMade(store, path)) ? 'ALREADY_EXISTS' : 'UNSUPPORTED'
        await writeFile(path, 'mine')
        await assert.rejects(store.place().nativeBackup(path), { code })
        assert.equal(await readFile(path, 'utf8'), 'mine')
      }),
  },
  {
    id: 'O13-aborted',
    clause: 'O13',
    title: 'a copy that is stopped is ABORTED, and leaves no file',
    requires: ['contents'],
    run: (context) =>
      inFolder(async (folder) => {
        const store = context.store()
        await store.collection(marks).put({ id: 'a' })
        const code = (await isMade(store, join(folder, 'whole'))) ? 'ABORTED' : 'UNSUPPORTED'
        const path = join(folder, 'copy')
        const signal = AbortSignal.abort()
        await assert.rejects(store.place().nativeBackup(path, { signal }), { code })
        assert.equal(existsSync(path), false)
      }),
  },
  {
    id: 'O13-into-empty',
    clause: 'O13',
    title:
      'an empty place holds after a restore what the copied one held: rows, the past, floors and tenants',
    requires: ['contents'],
    run: (context) =>
      withCopy(context, async ({ path, next }) => {
        const store = await next()
        const before = await heldBy(store)
        await store.place().replace({ layouts: [], onlyIfEmpty: false }, async () => undefined)
        await store.place().nativeRestore(path, { onlyIfEmpty: true })
        assertSame(await heldBy(store), before)
        assertSame(await heldBy(await next()), before)
      }),
  },
  {
    id: 'O13-over-rows',
    clause: 'O13',
    title: 'what was written since the copy is gone after a restore over it, and the store is written on',
    requires: ['contents'],
    run: (context) =>
      withCopy(context, async ({ path, next }) => {
        const before = await heldBy(await next())
        await fillRecords((await next()).tenant('later'), context.clock)
        const store = await next()
        await store.place().nativeRestore(path, { onlyIfEmpty: false })
        assertSame(await heldBy(store), before)
        assert.equal(await store.collection(marks).insert({ id: 'a' }), 1)
      }),
  },
  {
    id: 'O13-not-empty',
    clause: 'O13',
    title: 'a place with rows refuses what is for an empty one, and is as it was',
    requires: ['contents'],
    run: (context) =>
      withCopy(context, async ({ path, next }) =>
        assertRefused(await next(), path, { onlyIfEmpty: true }, 'ALREADY_EXISTS'),
      ),
  },
  {
    id: 'O13-unreadable',
    clause: 'O13',
    title: 'what is no copy, and a copy that is cut off, are CORRUPT, and the place is as it was',
    requires: ['contents'],
    run: (context) =>
      withCopy(context, async ({ path, next }) => {
        const store = await next()
        const whole = await readFile(path)
        for (const damaged of [Buffer.from('no copy of anything'), whole.subarray(0, whole.length >> 1)]) {
          await writeFile(path, damaged)
          await assertRefused(store, path, { onlyIfEmpty: false }, 'CORRUPT')
        }
      }),
  },
  {
    id: 'O13-restore-aborted',
    clause: 'O13',
    title: 'a restore that is stopped is ABORTED, and the place is as it was',
    requires: ['contents'],
    run: (context) =>
      withCopy(context, async ({ path, next }) => {
        const options = { onlyIfEmpty: false, signal: AbortSignal.abort() }
        await assertRefused(await next(), path, options, 'ABORTED')
      }),
  },
]
