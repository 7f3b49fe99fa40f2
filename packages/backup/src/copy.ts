/**
 * Copies all of one store into another, whatever their backends. It can be stopped at any point and begun again: rows
 * that are equal already are passed over, which is all there is to resuming.
 */

import {
  type BaseStore,
  type HeldLayout,
  type Layout,
  type Place,
  type Snapshot,
  StoreError,
  sha256,
} from '@coffer/core'
import type { Key, NewRow } from '@coffer/core/backend'
import { throwIfAborted } from './abort.ts'
import { hashOfContents, type LayoutDigest, LayoutDigester } from './content-digest.ts'
import { CopyBatch } from './copy-batch.ts'
import { COPIES, copiesLayout, readCopy, writeMark } from './copy-mark.ts'
import { documentOf } from './document.ts'
import { compareKeys, isSameRow, RowCursor } from './merge-join.ts'
import { floorPages, rowPages } from './pages.ts'
import { verifyCopy } from './verify-copy.ts'

/** How far a copy has come. */
export interface CopyProgress {
  /** First rows are copied, then the target is read again. */
  readonly phase: 'copying' | 'verifying'
  readonly layout: string
  /** Rows that were read in this phase, of all layouts. */
  readonly rows: number
}

/** What `copy` takes. */
export interface CopyOptions {
  /** Makes a target that has rows equal to the source: others are replaced, and what only it has is removed. */
  readonly update?: boolean
  /**
   * What the source is called, the same at every run, such as where it is: an interrupted copy goes on from the source
   * of that name alone. Only a hash of it is kept. Default: the name of its backend.
   */
  readonly sourceName?: string
  /** Called after every page. */
  readonly onProgress?: (progress: CopyProgress) => void
  /** Stops it; the same call goes on from there. */
  readonly signal?: AbortSignal
}

/** What was copied. */
export interface CopyReport {
  readonly layouts: number
  /** Rows of the source, in whatever state, of all tenants. */
  readonly rows: number
  /** Rows that were written. */
  readonly put: number
  /** Rows that only the target had. */
  readonly removed: number
  /** Rows that were equal already. */
  readonly same: number
  /** As `contentHash` of the source at the instant that was copied. */
  readonly contentHash: string
  /**
   * As `contentHash` of the target afterwards. It is the source's, but for floors that only the target has: those of
   * records that were removed from it, by `update` or before.
   */
  readonly targetHash: string
}

/**
 * Copies everything that one store holds at one instant into another, rows as they are. Writes to the source go on
 * and are not seen; nobody else may write to the target. What was interrupted is taken up again by the same call; that
 * removes nothing, and replaces nothing that is newer in the target, unless `update` is said. At the end the target is
 * read again and compared. Tables that only the target has stay, empty, and so do its floors, so that no version is
 * ever given twice.
 *
 * @param target a store of its own that has used no collection yet
 * @throws `ALREADY_EXISTS` for a target with rows that no interrupted copy of this source has left there,
 *   `UNSUPPORTED` for a source whose rows await a migration, `CORRUPT` when the target does not hold what was written
 */
export async function copy(
  source: BaseStore,
  target: BaseStore,
  options: CopyOptions = {},
): Promise<CopyReport> {
  const place = target.place()
  const { backend } = source.place()
  const mark = { from: backend, source: sha256(options.sourceName ?? backend) }
  await refuseForeignRows(place, mark.source, options.update === true)
  return source.place().snapshot(async (snapshot) => {
    refuseStale(snapshot.layouts)
    const wanted = snapshot.layouts.map(({ layout }) => layout).filter(({ name }) => name !== COPIES)
    const others = await onlyIn(place, wanted)
    if (options.update !== true) await refuseRowsOf(place, others)
    await place.make([copiesLayout, ...others, ...wanted])
    await writeMark(place, { state: 'begun', ...mark }, target.now().getTime())
    const run = new CopyRun(snapshot, place, options)
    for (const layout of others) await run.empty(layout)
    const digests: LayoutDigest[] = []
    for (const layout of wanted) digests.push(await run.copyLayout(layout))
    await settleAll(place)
    const targetHash = await verifyCopy({ snapshot, digests }, place, options.signal, (layout, rows) =>
      options.onProgress?.({ phase: 'verifying', layout, rows }),
    )
    await writeMark(place, { state: 'done', ...mark }, target.now().getTime())
    const rows = digests.reduce((sum, digest) => sum + digest.rows, 0)
    return { layouts: wanted.length, rows, ...run.counts, contentHash: hashOfContents(digests), targetHash }
  })
}

async function refuseForeignRows(place: Place, source: string, update: boolean): Promise<void> {
  if (update) return
  const mark = await readCopy(place)
  if (mark?.state === 'begun' && mark.source === source) return
  const held = await place.layouts()
  await refuseRowsOf(
    place,
    held.map(({ layout }) => layout).filter(({ name }) => name !== COPIES),
  )
}

async function refuseRowsOf(place: Place, layouts: readonly Layout[]): Promise<void> {
  const filled = await place.snapshot(async (snapshot) => {
    for (const layout of layouts) {
      if ((await snapshot.rows(layout, undefined, 1)).length > 0) return layout
    }
    return undefined
  })
  if (filled !== undefined) throw rowsThere(filled)
}

function rowsThere({ name }: Layout): StoreError {
  return new StoreError(
    'ALREADY_EXISTS',
    `the target holds rows already that are not of this copy, in ${name}: name an empty one, or say update to make ` +
      'it equal to the source, which removes what only the target has',
    { collection: name },
  )
}

function refuseStale(layouts: readonly HeldLayout[]): void {
  const stale = layouts.find((held) => held.stale)?.layout.name
  if (stale === undefined) return
  throw new StoreError(
    'UNSUPPORTED',
    `rows of ${stale} await a migration: run coffer migrate, or open the source once with its program`,
    { collection: stale },
  )
}

/** The layouts that the target has and the source has not. */
async function onlyIn(place: Place, wanted: readonly Layout[]): Promise<readonly Layout[]> {
  const names = new Set([COPIES, ...wanted.map(({ name }) => name)])
  const held = await place.layouts()
  return held.map(({ layout }) => layout).filter(({ name }) => !names.has(name))
}

/** All rows are the source's by now, which awaits nothing. */
async function settleAll(place: Place): Promise<void> {
  for (const { layout, stale } of await place.layouts()) if (stale) await place.settle(layout)
}

/** The target as something to be walked over, in a state of its own for each page: nobody else writes to it. */
function pagesOfTarget(place: Place, layout: Layout, signal: AbortSignal | undefined) {
  const walked: Pick<Snapshot, 'rows'> = {
    rows: (of, after, limit) => place.snapshot((snapshot) => snapshot.rows(of, after, limit)),
  }
  return rowPages(walked, layout, signal)
}

class CopyRun {
  readonly #snapshot: Snapshot
  readonly #place: Place
  readonly #options: CopyOptions
  #rows = 0
  #put = 0
  #removed = 0
  #same = 0

  constructor(snapshot: Snapshot, place: Place, options: CopyOptions) {
    this.#snapshot = snapshot
    this.#place = place
    this.#options = options
  }

  get counts() {
    return { put: this.#put, removed: this.#removed, same: this.#same }
  }

  /** Removes what a layout has that the source does not know. */
  async empty(layout: Layout): Promise<void> {
    const batch = new CopyBatch(this.#place, layout)
    for await (const page of pagesOfTarget(this.#place, layout, this.#options.signal)) {
      for (const row of page) batch.remove(row)
      this.#removed += page.length
      await batch.send()
    }
    await batch.arrived()
  }

  /** Makes the rows of a layout equal. @returns what the source's come to */
  async copyLayout(layout: Layout): Promise<LayoutDigest> {
    const { signal } = this.#options
    const digester = new LayoutDigester(layout)
    const batch = new CopyBatch(this.#place, layout)
    const targets = new RowCursor(pagesOfTarget(this.#place, layout, signal))
    try {
      for await (const page of rowPages(this.#snapshot, layout, signal)) {
        for (const row of page) {
          digester.row(row, documentOf(row, layout))
          if (targets.row !== undefined || (await targets.fill()))
            await this.#meet(row, targets, batch, layout)
          else this.#putRow(row, batch)
          if (batch.isFull) await batch.send()
        }
        this.#rows += page.length
        this.#options.onProgress?.({ phase: 'copying', layout: layout.name, rows: this.#rows })
      }
      while (await targets.fill()) await this.#removeNext(targets, batch, layout)
      await batch.send()
      for await (const floors of floorPages(this.#snapshot, layout)) {
        for (const floor of floors) digester.floor(floor)
        await batch.raise(floors)
      }
    } finally {
      await targets.end()
      await batch.arrived().catch(() => undefined)
    }
    await batch.arrived()
    throwIfAborted(signal)
    return digester.end()
  }

  /** Removes the rows of the target that stand before a row of the source, and puts that one where it differs. */
  async #meet(row: NewRow, targets: RowCursor, batch: CopyBatch, layout: Layout): Promise<void> {
    while (await targets.fill()) {
      const there = targets.row as NewRow
      const order = compareKeys(there, row)
      if (order > 0) break
      if (order < 0) {
        await this.#removeNext(targets, batch, layout)
        continue
      }
      targets.step()
      if (isSameRow(there, row, layout)) this.#same++
      else {
        if (this.#options.update !== true && there.version >= row.version) throw rowsThere(layout)
        this.#putRow(row, batch)
      }
      return
    }
    this.#putRow(row, batch)
  }

  #putRow(row: NewRow, batch: CopyBatch): void {
    batch.put(row)
    this.#put++
  }

  async #removeNext(targets: RowCursor, batch: CopyBatch, layout: Layout): Promise<void> {
    if (this.#options.update !== true) throw rowsThere(layout)
    batch.remove(targets.row as Key)
    targets.step()
    this.#removed++
    if (batch.isFull) await batch.send()
  }
}
