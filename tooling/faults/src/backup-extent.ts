/** How much the backup rig does, and what it has found so far. */

export interface Extent {
  readonly backups: number
  readonly flips: number
  readonly cuts: number
  /** Restores that are killed, and as many backups. */
  readonly kills: number
  /** Trials of each control arm. */
  readonly controls: number
  /** Records that make a bank as large as it is. */
  readonly papers: number
  /** As many of a bank that is saved and restored by processes that are killed. */
  readonly papersOfKills: number
}

export interface BackupTally {
  readonly counts: Record<string, number>
  readonly violations: string[]
  readonly controls: {
    readonly description: string
    readonly trials: number
    readonly caught: number
  }[]
  readonly onStep: () => void
}

export function emptyTally(): Omit<BackupTally, 'onStep'> {
  return { counts: {}, violations: [], controls: [] }
}
