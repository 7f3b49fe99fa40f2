/** Makes a backup: one instant of everything, in one file. */

import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type BaseStore, type Layout, type Snapshot, StoreError } from '@coffer/core'
import { ArchiveWriter, ChunkWriter } from './archive-writer.ts'
import { backupName } from './backup-name.ts'
import { bestCompression, type Compression, EXTENSIONS, requireCompression } from './compression.ts'
import { hashOfContents, type LayoutDigest, LayoutDigester } from './content-digest.ts'
import { COPIES } from './copy-mark.ts'
import { documentOf } from './document.ts'
import { fileFailure } from './file-failure.ts'
import { layoutSchema, writtenLayout } from './layout-schema.ts'
import { HeadCollector, headLayouts, type LogHeads } from './log-heads.ts'
import { FORMAT_VERSION, MANIFEST, type ManifestLayout, manifestText } from './manifest.ts'
import { nativeBackup } from './native-backup.ts'
import { floorPages, rowPages } from './pages.ts'
import { giveName, makeFolder, partialName } from './private-file.ts'
import { release } from './release.ts'
import { floorLine, rowLine } from './row-line.ts'
import { FloorRules, LineProblem, RowRules } from './row-rules.ts'

/** How far a backup has come. */
export interface BackupProgress {
  /** The layout that is being read. */
  readonly layout: string
  /** Rows that were read so far, of all layouts. */
  readonly rows: number
  /** Bytes that were written so far. */
  readonly bytes: number
}

/** What `backup` takes. */
export interface BackupOptions {
  /** The folder for it; made, for its owner alone, if it is missing. */
  readonly out: string
  /** Default: `zstd` where this Node has it, else `gzip`. Not for native backups. */
  readonly compression?: Compression
  /**
   * `archive`, the default, restores onto any backend; `native` is the engine's own form, written by the engine
   * (`.sqlite`, `.pgdump`), with a `.json` beside it that tells its size and SHA-256.
   */
  readonly format?: 'archive' | 'native'
  /** Called after every page. */
  readonly onProgress?: (progress: BackupProgress) => void
  /** Stops it, and leaves nothing behind. */
  readonly signal?: AbortSignal
}

/** A backup that was made. */
export interface MadeBackup {
  readonly path: string
  readonly name: string
  readonly createdAt: Date
  readonly format: 'archive' | 'sqlite' | 'pg_dump'
  readonly bytes: number
  /** Rows in whatever state, of all tenants; `undefined` for native backups. */
  readonly rows: number | undefined
  /** As `contentHash` of the store at that instant; `undefined` for native backups. */
  readonly contentHash: string | undefined
}

/**
 * Writes everything that a store holds at one instant, all tenants and whatever collections, into one file in a
 * folder. Writes go on meanwhile. The file appears when it is whole and on the disk, never over another one, and is
 * its owner's alone; after a failure nothing is left. Memory is bounded, whatever the size of the store.
 *
 * @throws `UNSUPPORTED` where the backend can't (or has no native form), `CORRUPT` for a stored document that is
 *   no JSON or that no archive can hold, `LIMIT_EXCEEDED` for more than one can hold, `ABORTED`, `NO_SPACE`,
 *   `PERMISSION_DENIED` or `READ_ONLY` for a folder that can't be written to
 */
export async function backup(store: BaseStore, options: BackupOptions): Promise<MadeBackup> {
  const { out, format = 'archive', compression = bestCompression } = options
  if (typeof out !== 'string' || out === '') {
    throw new StoreError('INVALID_ARGUMENT', 'backup: option out is the folder for the backup')
  }
  if (!Object.hasOwn(EXTENSIONS, compression)) {
    throw new StoreError('INVALID_ARGUMENT', 'backup: option compression is zstd, gzip or none')
  }
  if (format !== 'archive' && format !== 'native') {
    throw new StoreError('INVALID_ARGUMENT', 'backup: option format is archive or native')
  }
  if (format === 'archive') requireCompression(compression)
  try {
    await makeFolder(out)
    if (format === 'native') return await nativeBackup(store, out, options.signal)
    return await archiveBackup(store, compression, options)
  } catch (error) {
    throw fileFailure(error, out)
  }
}

async function archiveBackup(
  store: BaseStore,
  compression: Compression,
  options: BackupOptions,
): Promise<MadeBackup> {
  const { out } = options
  const createdAt = store.now()
  const partial = partialName(backupName(createdAt, 'tar', 0))
  try {
    const handle = await open(join(out, partial), 'wx', 0o600)
    let written: Written
    try {
      written = await writeArchive(store, handle, createdAt, compression, options)
      await handle.sync()
    } finally {
      await handle.close()
    }
    const name = await giveName(out, partial, (attempt) => backupName(createdAt, 'tar', attempt))
    return { path: join(out, name), name, createdAt, format: 'archive', ...written }
  } catch (error) {
    await rm(join(out, partial), { force: true })
    throw error
  }
}

interface Written {
  readonly bytes: number
  readonly rows: number
  readonly contentHash: string
}

async function writeArchive(
  store: BaseStore,
  handle: FileHandle,
  createdAt: Date,
  compression: Compression,
  options: BackupOptions,
): Promise<Written> {
  const archive = new ArchiveWriter(handle, compression)
  try {
    const layouts = await store.place().snapshot((snapshot) => writeContents(archive, snapshot, options))
    const contentHash = hashOfContents(layouts.map(({ digest }) => digest))
    const text = manifestText({
      format: 'coffer-backup',
      formatVersion: FORMAT_VERSION,
      release,
      createdAt: createdAt.toISOString(),
      backend: store.place().backend,
      compression,
      contentHash,
      logs: layouts.flatMap(({ heads }) => (heads === undefined ? [] : [listed(heads)])),
      layouts: layouts.map(({ entry }) => entry),
    })
    await archive.add(MANIFEST, Buffer.from(text))
    await archive.end()
    return {
      bytes: archive.bytes,
      rows: layouts.reduce((sum, { entry }) => sum + entry.rows, 0),
      contentHash,
    }
  } catch (error) {
    await archive.abandon()
    throw error
  }
}

function listed({ heads, ...rest }: LogHeads) {
  return {
    ...rest,
    ...(heads !== undefined && { heads: heads.map((head) => [...head] as [...typeof head]) }),
  }
}

interface WrittenLayout {
  readonly entry: ManifestLayout
  readonly digest: LayoutDigest
  readonly heads: LogHeads | undefined
}

async function writeContents(
  archive: ArchiveWriter,
  snapshot: Snapshot,
  { onProgress = () => undefined, signal }: BackupOptions,
): Promise<readonly WrittenLayout[]> {
  const headsOf = headLayouts(snapshot.layouts)
  const written: WrittenLayout[] = []
  let total = 0
  for (const { layout, stale } of snapshot.layouts) {
    // How far a copy has come is of this place alone.
    if (layout.name === COPIES) continue
    requireReadable(layout)
    const rules = new RowRules(layout)
    const digester = new LayoutDigester(layout)
    const collector = headsOf.has(layout.name) ? new HeadCollector(layout.name) : undefined
    const rows = new ChunkWriter(archive, 'rows', layout.name)
    for await (const page of rowPages(snapshot, layout, signal)) {
      for (const row of page) {
        const document = documentOf(row, layout)
        obeying(layout, () => rules.check(row, document))
        digester.row(row, document)
        collector?.add(row, document)
        const full = rows.add(rowLine(row))
        if (full !== undefined) await full
      }
      total += page.length
      onProgress({ layout: layout.name, rows: total, bytes: archive.bytes })
    }
    const floors = new ChunkWriter(archive, 'floors', layout.name)
    const floorRules = new FloorRules()
    const rowChunks = await rows.end()
    for await (const page of floorPages(snapshot, layout)) {
      for (const floor of page) {
        obeying(layout, () => floorRules.check(floor))
        digester.floor(floor)
        await floors.add(floorLine(floor))
      }
    }
    const chunks = [...rowChunks, ...(await floors.end())]
    const digest = digester.end()
    const { layout: _layout, ...counts } = digest
    const entry = { layout: writtenLayout(layout), stale, ...counts, chunks }
    written.push({ entry, digest, heads: collector?.end() })
  }
  return written
}

function requireReadable(layout: Layout): void {
  if (layoutSchema.safeParse(writtenLayout(layout)).success) return
  throw new StoreError('UNSUPPORTED', 'a layout of the place has a form that archives have no room for', {
    collection: layout.name,
  })
}

/** What the reader of an archive would refuse is refused while the place that it comes from is still there. */
function obeying({ name }: Layout, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof LineProblem)) throw error
    throw new StoreError('CORRUPT', `${name}: what is stored ${error.message}: coffer verify names it`, {
      collection: name,
    })
  }
}
