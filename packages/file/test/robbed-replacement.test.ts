/**
 * A replacement whose writer sleeps, is taken for dead, and wakes while the next writer opens the directory: at
 * every disk call of the one and of the other.
 */

import { cpSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { createStore, isStoreError, type Store } from '@coffer/core'
import { expect, test } from 'vitest'
import { type FileSystem, file, type OpenFile } from '../src/index.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'
import { type Content, load, OTHERS, otherContent } from './other-content.ts'
import { filled, idsIn, note, plain, temporaryPath } from './stores.ts'

/** Nothing loses its power here. */
const unsynced: FileSystem = {
  ...nodeFileSystem,
  syncDirectory: async () => undefined,
  open: async (path, mode) => ({
    ...(await nodeFileSystem.open(path, mode)),
    sync: async () => undefined,
    syncBlocking: () => undefined,
  }),
}

/** A disk that calls somebody before its nth call, once it is armed. */
function interruptedDisk(nth: number, interrupt: () => Promise<void>) {
  const plan = { isArmed: false, calls: 0 }
  const before = async () => {
    if (plan.isArmed && ++plan.calls === nth) await interrupt()
  }
  const interrupted =
    <A extends unknown[], R>(call: (...parameters: A) => Promise<R>) =>
    async (...parameters: A): Promise<R> => {
      await before()
      return call(...parameters)
    }
  const fileSystem: FileSystem = {
    ...unsynced,
    list: interrupted(unsynced.list),
    link: interrupted(unsynced.link),
    rename: interrupted(unsynced.rename),
    remove: interrupted(unsynced.remove),
    syncDirectory: interrupted(unsynced.syncDirectory),
    open: async (path, mode) => {
      await before()
      const opened = await unsynced.open(path, mode)
      const changed: OpenFile = {
        ...opened,
        write: interrupted(opened.write),
      }
      return changed
    },
  }
  return { plan, fileSystem }
}

/** As whoever takes a holder for dead does. */
function rob(basePath: string): void {
  const held = readdirSync(basePath).find((name) => name.includes('.held')) ?? ''
  renameSync(join(basePath, held), join(basePath, held.replace(/\.held.*/, '.abandoned')))
}

/** What became of a call: `done`, or the code that it was refused with. */
function fate(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (isStoreError(error) ? error.code : String(error)),
  )
}

/** Hundreds of stores that are closed at the end of a test would be too many. */
function opened(basePath: string, fileSystem: FileSystem): Store<Record<never, never>> {
  return createStore({ backend: file({ basePath, lockTimeoutMs: 0 }, { fileSystem }) })
}

/** @returns the fates of both, or `undefined` where the first one has no nth call, or the second no mth */
async function race(basePath: string, content: Content, nth: number, mth: number) {
  const [asleep, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const first = interruptedDisk(nth, () => {
    asleep.resolve()
    return awake.promise
  })
  const robbed = opened(basePath, first.fileSystem)
  const replacing = fate(
    robbed.place().replace({ layouts: content.layouts, onlyIfEmpty: false }, async (loader) => {
      await load(loader, content)
      first.plan.isArmed = true
    }),
  )
  if ((await Promise.race([asleep.promise, replacing])) !== undefined) return undefined
  rob(basePath)
  const second = interruptedDisk(mth, async () => {
    awake.resolve()
    await replacing
  })
  second.plan.isArmed = true
  const next = opened(basePath, second.fileSystem)
  const putting = await fate(next.collection(plain).put(note('later')))
  second.plan.isArmed = false
  awake.resolve()
  const fates = { replacing: await replacing, putting }
  await fate(robbed.close())
  await fate(next.close())
  return second.plan.calls < mth ? undefined : fates
}

test('whenever the one sleeps and wakes, the directory opens with what was acknowledged', async () => {
  const content = await otherContent()
  const original = temporaryPath()
  await filled(original, 1)
  const seen = new Set<string>()
  for (let nth = 1, found = true; found; nth++) {
    found = false
    for (let mth = 1; ; mth++) {
      const basePath = `${original}-${nth}-${mth}`
      cpSync(original, basePath, { recursive: true })
      const fates = await race(basePath, content, nth, mth)
      if (fates === undefined) break
      found = true
      const { replacing, putting } = fates
      const when = `asleep before call ${nth}, awake before call ${mth}: ${replacing}, ${putting}`
      seen.add(`${replacing}, ${putting}`)
      expect(['LOCK_LOST', 'OUTCOME_UNKNOWN', 'done'], when).toContain(replacing)
      expect(['done', 'BUSY'], when).toContain(putting)
      const later = putting === 'done' ? ['later'] : []
      const [old, replaced] = [
        [...later, 'n0'],
        [...later, ...OTHERS],
      ]
      const states = { LOCK_LOST: [old], OUTCOME_UNKNOWN: [old, replaced], done: [replaced] }
      const last = opened(basePath, unsynced)
      const ids = await idsIn(last.collection(plain))
      await last.close()
      expect(states[replacing as keyof typeof states], when).toContainEqual(ids)
    }
  }
  expect([...seen].sort()).toEqual([
    'LOCK_LOST, done',
    'OUTCOME_UNKNOWN, BUSY',
    'OUTCOME_UNKNOWN, done',
    'done, done',
  ])
}, 120_000)
