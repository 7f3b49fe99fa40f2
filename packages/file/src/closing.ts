/** How the last writer left a directory, where it closed it in order: the note in the lock. */

import type { LockNote } from './lock-name.ts'
import { closing } from './stored-line.ts'

/** The last log, its length in bytes, and its last commit: all of it was durable. */
export interface Closing {
  readonly log: number
  readonly end: number
  readonly commit: number
}

/** Reads a note; `undefined` where there is none, or not all of it. */
export function closingOf(note: LockNote | undefined): Closing | undefined {
  const parsed = closing.safeParse(note)
  return parsed.success ? parsed.data : undefined
}
