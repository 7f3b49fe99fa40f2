/** Backups in an engine's own form, with a note beside them that tells whether they are still the same. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, type FileHandle, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type BaseStore, StoreError } from '@coffer/core'
import * as z from 'zod'
import { throwIfAborted } from './abort.ts'
import type { MadeBackup } from './backup.ts'
import { backupName, ENDINGS } from './backup-name.ts'
import { claim, giveName, partialName, syncFolder, writeAll } from './private-file.ts'
import { release } from './release.ts'

const noteSchema = z.strictObject({
  format: z.literal('coffer-native-backup'),
  formatVersion: z.literal(1),
  release: z.string(),
  createdAt: z.iso.datetime({ precision: 3 }),
  backend: z.string(),
  form: z.enum(['sqlite', 'pg_dump']),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

/** What stands beside a native backup. */
export type NativeNote = z.output<typeof noteSchema>

/** What there is to say of a native backup whose note is missing. */
export const NO_NOTE = 'no file beside it tells its hash, so nobody can tell whether it is as it was written'

/** The file with the note. */
export function notePath(path: string): string {
  return `${path}.json`
}

/** Lets the engine write its copy, and notes what it is. */
export async function nativeBackup(
  store: BaseStore,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<MadeBackup> {
  throwIfAborted(signal)
  const createdAt = store.now()
  const partial = partialName(backupName(createdAt, 'native', 0))
  const partialPath = join(folder, partial)
  try {
    const form = await store.place().nativeBackup(partialPath, signal && { signal })
    if (form !== 'sqlite' && form !== 'pg_dump')
      throw new StoreError('UNSUPPORTED', `backups of the form ${form} are not known`)
    await chmod(partialPath, 0o600)
    const sha256 = await sha256OfFile(partialPath)
    const { size: bytes } = await stat(partialPath)
    await syncFile(partialPath)
    const note = noteSchema.parse({
      format: 'coffer-native-backup',
      formatVersion: 1,
      release,
      createdAt: createdAt.toISOString(),
      backend: store.place().backend,
      form,
      bytes,
      sha256,
    })
    const name = await giveName(
      folder,
      partial,
      (attempt) => backupName(createdAt, ENDINGS[form], attempt),
      (from, to) => claimWithNote(from, to, note),
    )
    return {
      path: join(folder, name),
      name,
      createdAt,
      format: note.form,
      bytes,
      rows: undefined,
      contentHash: undefined,
    }
  } finally {
    await rm(partialPath, { force: true })
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Moves a backup where nothing is yet, its note first: whoever is killed in between leaves a note without a backup,
 * which harms nobody, and never a backup that nobody can prove.
 */
async function claimWithNote(from: string, to: string, note: NativeNote): Promise<boolean> {
  const isTaken = await stat(to).then(
    () => true,
    () => false,
  )
  if (isTaken || !(await writeNote(notePath(to), note))) return false
  let isClaimed = false
  try {
    await syncFolder(dirname(to))
    isClaimed = await claim(from, to)
  } finally {
    if (!isClaimed) await rm(notePath(to), { force: true })
  }
  return isClaimed
}

/** Writes a note where nothing is yet; false where something is. */
async function writeNote(path: string, note: NativeNote): Promise<boolean> {
  let handle: FileHandle
  try {
    handle = await open(path, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    await writeAll(handle, Buffer.from(`${JSON.stringify(note, undefined, 1)}\n`))
    await handle.sync()
    return true
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

/** The note beside a native backup; `undefined` where there is none. */
export async function readNote(path: string): Promise<NativeNote | undefined> {
  let text: string
  try {
    text = await readFile(notePath(path), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return noteSchema.parse(JSON.parse(text))
  } catch {
    throw new StoreError('CORRUPT', `${notePath(path)} is damaged: it does not say what it should`)
  }
}

/**
 * Compares a native backup with the note beside it.
 *
 * @throws `CORRUPT` where it is not the same
 */
export async function proveNative(path: string): Promise<NativeNote | undefined> {
  const note = await readNote(path)
  if (note === undefined) return undefined
  const { size } = await stat(path)
  if (size !== note.bytes || (await sha256OfFile(path)) !== note.sha256) {
    throw new StoreError('CORRUPT', `${path} is damaged: it does not match the hash in the file beside it`)
  }
  return note
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path)) hash.update(part as Buffer)
  return hash.digest('hex')
}
