/** What all parts of the backup rig share: what is saved and how, how much is done, and what was found so far. */

import type { BackendName, Grounds } from './grounds.ts'

export interface BackupCourse {
  /** Where the bank is. */
  readonly name: BackendName
  readonly grounds: Grounds
  /** Archives of Coffer, or the copies that the engine makes itself. */
  readonly format: 'archive' | 'native'
  readonly extent: Extent
  readonly seed: number
  readonly tally: BackupTally
}

export interface Extent {
  readonly backups: number
  /** Archives that are damaged: by a bit, or by a missing end. */
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
