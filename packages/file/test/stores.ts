/** Stores in directories of their own, closed and removed when a test is over. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Collection, createStore, defineCollection, isStoreError, type Store } from '@coffer/core'
import type { FileOptions } from '@coffer/core/backend'
import { expect, onTestFinished } from 'vitest'
import * as z from 'zod'
import { file, type Surroundings } from '../src/index.ts'

export const noteSchema = z.object({ id: z.string(), author: z.string(), text: z.string() })

export type Note = z.output<typeof noteSchema>

export const notes = defineCollection({
  name: 'notes',
  schema: noteSchema,
  key: 'id',
  fields: { author: 'index' },
  history: true,
})

/** A collection without history, so that a put is one line. */
export const plain = defineCollection({
  name: 'plain',
  schema: noteSchema,
  key: 'id',
  fields: { author: 'index' },
})

export function note(id: string, text = 'text'): Note {
  return { id, author: 'ann', text }
}

/** The path of a directory that is not there yet. */
export function temporaryPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-file-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'data')
}

/** A store that is closed when the test is over, whatever state it is in. */
export function storeAt(
  basePath: string,
  options: Partial<FileOptions> = {},
  surroundings?: Surroundings,
): Store<Record<never, never>> {
  const backend = file({ basePath, lockTimeoutMs: 0, ...options }, surroundings)
  const store = createStore({ backend })
  onTestFinished(() => store.close().catch(() => undefined))
  return store
}

/** Fills a directory and closes it. */
export async function filled(
  basePath: string,
  count: number,
  options: Partial<FileOptions> = {},
): Promise<void> {
  const store = storeAt(basePath, options)
  const collection = store.collection(plain)
  for (let index = 0; index < count; index++) await collection.put(note(`n${index}`))
  await store.close()
}

/** Has the directory compacted, and answers the name of its snapshot. */
export async function compacted(basePath: string): Promise<string> {
  const store = storeAt(basePath, { compaction: { minBytes: 0, deadShare: 0 } })
  await store.collection(plain).put(note('n0'))
  const snapshots = () => namesIn(basePath).filter((name) => /^snapshot-\d+\.jsonl$/.test(name))
  await expect.poll(snapshots).not.toEqual([])
  await store.close()
  return snapshots().at(-1) ?? ''
}

/** The ids that are there. */
export async function idsIn(collection: Collection<Note>): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { id } of collection.iterate()) ids.push(id)
  return ids
}

/** Names in a directory, the lock left out. */
export function namesIn(basePath: string): readonly string[] {
  return readdirSync(basePath)
    .filter((name) => !name.startsWith('lock'))
    .sort()
}

/** Makes a directory look as if its last writer had not closed it: what it left is in the lock's name. */
export function forgetClosing(basePath: string): void {
  for (const name of readdirSync(basePath)) if (name.startsWith('lock')) rmSync(join(basePath, name))
}

/** The lines of a file, without their newlines. */
export function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

/** The code and the sentence that something is refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work
  } catch (error) {
    if (isStoreError(error)) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('it was not refused')
}
