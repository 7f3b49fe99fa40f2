/** Fills a place from a backup: all of it, or nothing; and only after the backup was proven. */

import {
  type BaseStore,
  createStore,
  type HeldLayout,
  type Loader,
  type Snapshot,
  StoreError,
} from '@coffer/core'
import { chunksOf } from './archive-lines.ts'
import { ArchiveReader } from './archive-reader.ts'
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
  /** Stops it; until everything is committed the place stays as it was. */
  readonly signal?: AbortSignal
}

/** What was restored. */
export interface RestoreReport {
  /** What the backup was. */
  readonly form: BackupForm
  /** Rows in whatever state, of all tenants. */
  readonly rows: number
  readonly layouts: number
}

/**
 * Fills the place of a store from a backup, onto whatever backend. The backup is proven as a whole before the store
 * is opened at all; then everything is loaded in one commit, so that after a failure the place is as it was. The
 * store must have used no collection yet, and nobody else may use the place meanwhile.
 *
 * @param path an archive of `backup`, or an SQLite file that Coffer has made
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
  if (form === 'pg_dump') {
    throw new StoreError(
      'UNSUPPORTED',
      `${path} is a dump of pg_dump, which only PostgreSQL's own tool reads: ` +
        'pg_restore --single-transaction --exit-on-error --dbname … into a database without the schema',
    )
  }
  await proveNative(path)
  if (options.source !== undefined) return restoreStore(options.source, store, options)
  const source = createStore({ type: 'sqlite', path, readOnly: true })
  try {
    return await restoreStore(source, store, options)
  } finally {
    await source.close()
  }
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
  const entries = archive.manifest.layouts
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
  return { form: 'archive', rows: entries.reduce((sum, { rows }) => sum + rows, 0), layouts: layouts.length }
}

async function restoreStore(
  source: BaseStore,
  store: BaseStore,
  options: RestoreOptions,
): Promise<RestoreReport> {
  await proveStructure(source)
  return source.place().snapshot(async (snapshot) => {
    if (snapshot.layouts.length === 0) {
      throw new StoreError('INVALID_ARGUMENT', 'the database holds no tables of Coffer')
    }
    const rows = await store
      .place()
      .replace({ layouts: snapshot.layouts, onlyIfEmpty: options.replace !== true }, (loader) =>
        load(snapshot, loader, options),
      )
    return { form: 'sqlite', rows, layouts: snapshot.layouts.length }
  })
}

async function proveStructure(source: BaseStore): Promise<void> {
  const problems = await source.place().check()
  if (problems === undefined || problems.length === 0) return
  throw new StoreError('CORRUPT', `the backup is damaged: ${problems.slice(0, 3).join('; ')}`)
}

async function load(snapshot: Snapshot, loader: Loader, options: RestoreOptions): Promise<number> {
  let rows = 0
  for (const { layout } of snapshot.layouts) {
    for await (const page of rowPages(snapshot, layout, options.signal)) {
      await loader.rows(layout, page)
      rows += page.length
      options.onProgress?.({ phase: 'filling', rows, bytes: 0, totalBytes: 0 })
    }
    for await (const page of floorPages(snapshot, layout)) await loader.floors(layout, page)
  }
  return rows
}
