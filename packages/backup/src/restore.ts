/** Fills a place from a backup: all of it, or nothing; and only after the backup was proven. */

import {
  type BaseStore,
  createStore,
  type HeldLayout,
  isStoreError,
  type Loader,
  type Snapshot,
  StoreError,
} from '@coffer/core'
import { throwIfAborted } from './abort.ts'
import { chunksOf } from './archive-lines.ts'
import { ArchiveReader } from './archive-reader.ts'
import { COPIES } from './copy-mark.ts'
import { heldLayout } from './layout-schema.ts'
import { proveNative } from './native-backup.ts'
import { floorPages, rowPages } from './pages.ts'
import { type BackupForm, recognize } from './recognize.ts'
import { ProgressMeter, proveArchive } from './verify-archive.ts'

/** How far a restore has come. */
export interface RestoreProgress {
  /** First the whole backup is proven, then the place is filled. */
  readonly phase: 'proving' | 'filling'
  readonly rows: number
  /** Bytes of the archive that were read in this phase; 0 for native backups. */
  readonly bytes: number
  /** Bytes of the archive; 0 for native backups. */
  readonly totalBytes: number
}

/** What `restore` takes. */
export interface RestoreOptions {
  /** Replaces what the place holds. Default: false, which refuses a place with rows. */
  readonly replace?: boolean
  /**
   * The backup as a store of its own, for a native one that `createStore({ type: 'sqlite', path, readOnly: true })`
   * does not open, such as one with a `tablePrefix`. It is not closed.
   */
  readonly source?: BaseStore
  readonly onProgress?: (progress: RestoreProgress) => void
  /** Called once the backup is proven, before the store is opened: what it throws is thrown, and nothing is changed. */
  readonly onProven?: () => Promise<void>
  /** Stops it; until everything is committed the place stays as it was. */
  readonly signal?: AbortSignal
}

/** What was restored. */
export interface RestoreReport {
  /** What the backup was. */
  readonly form: BackupForm
  /** Rows in whatever state, of all tenants; `undefined` for a dump of pg_dump, whose rows nobody counts. */
  readonly rows: number | undefined
  readonly layouts: number
  /**
   * False for a native backup without its `.json`: it could be read, but whether every bit is as it was written
   * nobody can tell.
   */
  readonly isProven: boolean
}

/**
 * Fills the place of a store from a backup, onto whatever backend. The backup is proven as a whole before the store
 * is opened at all; then everything is loaded in one commit, so that after a failure the place is as it was. The
 * store must have used no collection yet, and nobody else may use the place meanwhile.
 *
 * @param path an archive of `backup`, an SQLite file that Coffer has made, or, onto PostgreSQL, a dump of pg_dump
 * @throws `ALREADY_EXISTS` for a place with rows without `replace`, `CORRUPT` for a damaged backup, `UNSUPPORTED`,
 *   `INVALID_ARGUMENT` for a file that is no backup
 */
export async function restore(
  path: string,
  store: BaseStore,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const form = await recognize(path)
  if (form === 'archive') return restoreArchive(path, store, options)
  if (form === 'pg_dump') return restoreDump(path, store, options)
  const isProven = (await proveNative(path)) !== undefined
  if (options.source !== undefined) return restoreStore(options.source, store, options, isProven)
  const source = createStore({ type: 'sqlite', path, readOnly: true })
  try {
    return await restoreStore(source, store, options, isProven)
  } finally {
    await source.close()
  }
}

async function restoreDump(
  path: string,
  store: BaseStore,
  { replace = false, onProven, signal }: RestoreOptions,
): Promise<RestoreReport> {
  const place = store.place()
  if (place.backend !== 'postgresql') {
    throw new StoreError(
      'UNSUPPORTED',
      `${path} is a dump of pg_dump, which only PostgreSQL reads, and this store is on ${place.backend}: ` +
        'restore it into PostgreSQL, and copy the store from there with coffer copy',
    )
  }
  throwIfAborted(signal)
  const isProven = (await proveNative(path)) !== undefined
  await onProven?.()
  await place.nativeRestore(path, { onlyIfEmpty: !replace, ...(signal !== undefined && { signal }) })
  const { length: layouts } = await place.layouts()
  return { form: 'pg_dump', rows: undefined, layouts, isProven }
}

async function restoreArchive(
  path: string,
  store: BaseStore,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { replace = false, signal, onProgress = () => undefined } = options
  await using archive = await ArchiveReader.open(path)
  await proveArchive(archive, {
    ...(signal !== undefined && { signal }),
    onProgress: (progress) => onProgress({ phase: 'proving', ...progress }),
  })
  await options.onProven?.()
  const entries = archive.manifest.layouts.filter(({ layout }) => layout.name !== COPIES)
  const layouts = entries.map(({ layout, stale }) => heldLayout(layout, stale))
  const meter = new ProgressMeter(archive, (progress) => onProgress({ phase: 'filling', ...progress }))
  await store.place().replace({ layouts, onlyIfEmpty: !replace }, async (loader) => {
    for (const [position, entry] of entries.entries()) {
      const { layout } = layouts[position] as HeldLayout
      // The file may have been changed since it was proven, so every chunk is compared with its hash again.
      for await (const { chunk, rows, floors } of chunksOf(archive, entry, signal)) {
        if (rows.length > 0) {
          await loader.rows(
            layout,
            rows.map(({ row }) => row),
          )
        }
        if (floors.length > 0) await loader.floors(layout, floors)
        meter.add(chunk.bytes, rows.length)
      }
    }
  })
  return {
    form: 'archive',
    rows: entries.reduce((sum, { rows }) => sum + rows, 0),
    layouts: layouts.length,
    isProven: true,
  }
}

async function restoreStore(
  source: BaseStore,
  store: BaseStore,
  options: RestoreOptions,
  isProven: boolean,
): Promise<RestoreReport> {
  await proveStructure(source)
  await options.onProven?.()
  return source.place().snapshot(async (snapshot) => {
    // How far a copy had come was told of the place that it went to.
    const layouts = snapshot.layouts.filter(({ layout }) => layout.name !== COPIES)
    if (layouts.length === 0) {
      throw new StoreError('INVALID_ARGUMENT', 'the database holds no tables of Coffer')
    }
    const rows = await store
      .place()
      .replace({ layouts, onlyIfEmpty: options.replace !== true }, (loader) =>
        load(snapshot, layouts, loader, options),
      )
    return { form: 'sqlite', rows, layouts: layouts.length, isProven }
  })
}

async function proveStructure(source: BaseStore): Promise<void> {
  const problems = await source
    .place()
    .check()
    .catch((error: unknown) => {
      // What the engine says is about a store, and this one is a backup.
      if (isStoreError(error, 'CORRUPT')) return ["the engine can't read it"]
      throw error
    })
  if (problems === undefined || problems.length === 0) return
  throw new StoreError('CORRUPT', `the backup is damaged: ${problems.slice(0, 3).join('; ')}`)
}

async function load(
  snapshot: Snapshot,
  layouts: readonly HeldLayout[],
  loader: Loader,
  options: RestoreOptions,
): Promise<number> {
  let rows = 0
  for (const { layout } of layouts) {
    for await (const page of rowPages(snapshot, layout, options.signal)) {
      await loader.rows(layout, page)
      rows += page.length
      options.onProgress?.({ phase: 'filling', rows, bytes: 0, totalBytes: 0 })
    }
    for await (const page of floorPages(snapshot, layout)) await loader.floors(layout, page)
  }
  return rows
}
