/** How many bytes of a directory stand for what is still there: an estimate that each snapshot puts right. */

import type { Row, RowChange, View } from '@coffer/memory/engine'

/** What a line takes beside id, record and fields: names of members, numbers, checksum. */
const LINE_BYTES = 150

export class LiveBytes {
  #estimate = 0
  /** Bytes of the last snapshot for each byte of its estimate. */
  #scale = 1

  /** Counts all rows of a state anew. */
  count(view: View): void {
    this.#estimate = 0
    for (const table of view.tables()) for (const row of table.all()) this.#estimate += estimate(row)
  }

  /** Counts what was changed. */
  change(changes: readonly RowChange[]): void {
    for (const { previous, next } of changes) this.#estimate += estimate(next) - estimate(previous)
  }

  /** Learns how long a snapshot became of what was estimated so when it was begun. */
  learn(snapshotBytes: number, estimated: number): void {
    if (estimated > 0) this.#scale = snapshotBytes / estimated
  }

  /** The estimate as it is, for `learn`. */
  get estimate(): number {
    return this.#estimate
  }

  /** How long a snapshot would be now, about. */
  get bytes(): number {
    return this.#estimate * this.#scale
  }
}

function estimate(row: Row | undefined): number {
  return row === undefined ? 0 : LINE_BYTES + row.id.length + row.document.length
}
