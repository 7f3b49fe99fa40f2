/** A writable copy of a state that nobody else sees, and the list of what was changed in it. */

import type { Group, Layout, Merge, Outcome, Reindexed, Sweep } from '@coffer/core/backend'
import { applyGroup } from './apply-group.ts'
import { mergeRows, reindexRows, sweepRows } from './maintenance.ts'
import type { RowChange, Tables } from './tables.ts'

/**
 * A state of its own to write to, with a journal of its changes. It is published by `Engine.publish`, once,
 * or dropped.
 */
export class Fork {
  /** The engine's revision that it was made from. */
  readonly revision: number
  readonly tables: Tables
  readonly #journal: RowChange[] = []

  constructor(tables: Tables, revision: number) {
    this.tables = tables
    this.revision = revision
  }

  /** The row changes made so far, in their order; a row may occur more than once. */
  get changes(): readonly RowChange[] {
    return this.#journal
  }

  /** Applies one group; a refusal or a throw leaves the fork as it was before. */
  write(group: Group, at: number): Outcome {
    return this.#undoing(() => applyGroup(this.tables, group, at, this.#journal))
  }

  sweep(layout: Layout, sweep: Sweep, limit: number, at: number): { removed: number; more: boolean } {
    return this.#undoing(() => sweepRows(this.tables, layout, sweep, limit, at, this.#journal))
  }

  /** Rewrites rows; that all have been rewritten is said to the engine. */
  reindex(layout: Layout, rows: readonly Reindexed[]): void {
    this.#undoing(() => reindexRows(this.tables, layout, rows, this.#journal))
  }

  merge(layout: Layout, merge: Merge): void {
    this.#undoing(() => mergeRows(this.tables, layout, merge, this.#journal))
  }

  /** Where the fork stands, for `undoTo`. */
  mark(): number {
    return this.#journal.length
  }

  /** Takes back all that happened since the mark. */
  undoTo(mark: number): void {
    this.tables.undo(this.#journal, mark)
  }

  #undoing<T>(run: () => T): T {
    const mark = this.mark()
    try {
      return run()
    } catch (error) {
      this.undoTo(mark)
      throw error
    }
  }
}

/** A fork of the tables as they are at this moment. */
export function forkOf(tables: Tables, revision: number): Fork {
  return new Fork(tables.share(), revision)
}
