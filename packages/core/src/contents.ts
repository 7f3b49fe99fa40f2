/**
 * All that a place holds, as rows, whatever collections a program knows: what backups, copies and the planning
 * of migrations are made of. Rows are moved as they are, with versions, deadlines and the past.
 */

import type { NewRow } from './history.ts'
import type { Layout } from './layout.ts'
import type { Key } from './row.ts'

/** A layout as a place holds it. Histories stand beside their collections, as layouts of their own. */
export interface HeldLayout {
  /** `history` is `undefined` here: which layout is whose past is told by their names alone. */
  readonly layout: Layout
  /** True while rows may have been written for another form of the layout and await `Backend.reindex`. */
  readonly stale: boolean
}

/** The highest version that any removed row of a tenant had in a layout. */
export interface TenantFloor {
  readonly tenant: string
  /** From 1: a tenant whose rows were never removed has no floor. */
  readonly version: number
}

/** One state of everything in the place; writes go on beside it and are not seen. */
export interface Snapshot {
  /** In text order of their names. */
  readonly layouts: readonly HeldLayout[]
  /**
   * Rows of all tenants, in whatever state, by tenant and id in text order, with their index fields.
   *
   * @param after the row behind which the answer begins; `undefined` for the start
   * @param limit the most rows; fewer are answered only at the end
   */
  rows(layout: Layout, after: Key | undefined, limit: number): Promise<readonly NewRow[]>
  /** Floors by tenant in text order, behind a tenant, at most `limit`. */
  floors(layout: Layout, after: string | undefined, limit: number): Promise<readonly TenantFloor[]>
}

/** Takes what a place is filled with. Nothing of it is seen before the whole is committed. */
export interface Loader {
  /** Adds rows of a layout of the replacement that are not there yet, as they are. Neither conditions nor history: that comes as rows too. */
  rows(layout: Layout, rows: readonly NewRow[]): Promise<void>
  /** Sets floors. */
  floors(layout: Layout, floors: readonly TenantFloor[]): Promise<void>
}

/** What a place is to be filled with, and over what. */
export interface Replacement {
  /** What the place holds afterwards, and nothing else. A stale layout stays stale. */
  readonly layouts: readonly HeldLayout[]
  /** Refuses with `ALREADY_EXISTS`, under the same lock, where any layout has a row. */
  readonly onlyIfEmpty: boolean
}

/**
 * Rows that are put as they are, over whatever is there, and rows that go; their history is not touched. Rows are put
 * first, and of several with one key the last stays: a key that is in both is not there afterwards.
 */
export interface Merge {
  readonly put: readonly NewRow[]
  readonly remove: readonly Key[]
  /** Floors that are lower are raised to these; removals raise none by themselves. */
  readonly floors: readonly TenantFloor[]
}

/** How a copy in the engine's own form is put back. */
export interface NativeRestore {
  /** Refuses with `ALREADY_EXISTS` where any layout has a row. Who writes while it is restored may not be seen. */
  readonly onlyIfEmpty: boolean
  /** Stops it, and leaves the place as it was. */
  readonly signal?: AbortSignal
}

/**
 * The door to all that a place holds. Methods are called between `open` and `close`, but for `statements`, which asks
 * nobody; layouts need not be open.
 */
export interface Contents {
  /** What the place holds, in text order of the names; empty where nothing was ever made. */
  layouts(): Promise<readonly HeldLayout[]>

  /**
   * Runs a callback that sees one state of everything, as it was committed at one instant at or after the call,
   * and holds it until the callback ends. The state is one that some serial order of all transactions had.
   */
  snapshot<T>(run: (snapshot: Snapshot) => Promise<T>): Promise<T>

  /**
   * Replaces everything in the place, tables included, by what the callback loads: all of it in one commit, or
   * nothing. Other openers must not use the place meanwhile; those that do may fail.
   *
   * @throws `ALREADY_EXISTS` where it was to be empty and is not, before the callback is run; and where a row is
   *   loaded that is there already
   */
  replace<T>(replacement: Replacement, run: (loader: Loader) => Promise<T>): Promise<T>

  /** Puts and removes rows of one layout, which is open, in one commit; also where it is append-only. */
  merge(layout: Layout, merge: Merge): Promise<void>

  /**
   * The statements that would bring the place from a layout it holds, or from none, to another; where the
   * backend has statements. They are for people to read.
   */
  statements?(held: Layout | undefined, wanted: Layout): readonly string[]

  /**
   * Writes a copy in the engine's own form to a path where nothing is yet; where the engine has one. It is
   * one consistent state too.
   *
   * @returns how the form is called: `sqlite`, `pg_dump`
   * @throws `ABORTED` when the signal is given, and then nothing is at the path
   */
  nativeBackup?(path: string, options?: { readonly signal?: AbortSignal }): Promise<string>

  /**
   * Replaces everything in the place by a copy that `nativeBackup` wrote, all of it or nothing; where the engine
   * can. Other openers must not use the place meanwhile.
   *
   * @throws `ALREADY_EXISTS` where it was to be empty and is not; `CORRUPT` for what can't be read; `ABORTED`
   */
  nativeRestore?(path: string, options: NativeRestore): Promise<void>
}
