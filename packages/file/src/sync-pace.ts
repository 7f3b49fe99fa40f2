/**
 * How long a disk takes to sync. The way to another thread and back costs some 50 microseconds, a fifth of what a
 * fast disk needs; so a lone commit is synced at once, as long as the disk was fast lately. A slow one blocks
 * nobody twice.
 */

/** So long, in milliseconds, may everything else wait for a sync. */
const SHORT_MS = 1

/** The weight of the last sync among those before it. */
const WEIGHT = 0.25

export class SyncPace {
  /** Slow, until syncs have shown otherwise. */
  #averageMs = 4 * SHORT_MS

  get isFast(): boolean {
    return this.#averageMs < SHORT_MS
  }

  /** Takes the duration of a sync into account, in milliseconds. */
  note(durationMs: number): void {
    this.#averageMs += (durationMs - this.#averageMs) * WEIGHT
  }
}
