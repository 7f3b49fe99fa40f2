/**
 * Damage in a log that was left behind by a process that died. SQLite reads such a log up to the first frame whose
 * checksum is wrong and drops the rest without a word: right for the torn end of a last write, and a silent loss
 * of all that was committed behind a damaged byte.
 *
 * Where each commit is synced before the next begins, a write that was cut short ends with at most one commit. So
 * where two commits stand behind the wrong frame, in one unbroken chain of checksums, the frame was damaged later.
 * Two writers who were killed one after the other may leave more remains, but no such chain: the second overwrites
 * where the first began.
 *
 * The file of the log is read here directly. SQLite holds no locks on it, unlike on the database file, so closing
 * its descriptor drops none. Nothing is read where the last to close the database has done so in order.
 */

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { StoreError } from '@coffer/core/backend'
import { type Connection, openConnection } from './connection.ts'
import {
  type Checksum,
  follows,
  frameBytes,
  LOG_HEADER_BYTES,
  type LogFrame,
  type LogHeader,
  parseFrame,
  parseHeader,
} from './log-frames.ts'

/** Commits in one chain that no write that was cut short can leave behind. */
const TELLING_COMMITS = 2
/** After so many frames of another round through the file, nothing of this round follows. */
const MOST_FOREIGN_FRAMES = 16
/** How often the log is looked at again because somebody has written meanwhile. */
const MOST_LOOKS = 5

/** What SQLite makes of the log. */
interface Recovered {
  readonly pageBytes: number
  readonly frames: number
}

/**
 * Looks for damage in the log of a database that is about to be opened, if whoever wrote it made each commit
 * durable. May be repeated.
 *
 * @throws `CORRUPT` with the file and the offset; errors of SQLite as they are. The log stays as it is
 */
export function checkLog(path: string): void {
  const log = `${path}-wal`
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) <= LOG_HEADER_BYTES) return
  // A connection that only reads writes nothing back when it is closed, and so leaves the log for whoever mends it.
  const connection = openConnection(path, { readOnly: true })
  try {
    let recovered = recover(connection)
    for (let look = 0; look < MOST_LOOKS; look++) {
      // Fewer than none: what is there is no log of this database.
      const offset = recovered.frames < 0 ? undefined : findDamage(log, recovered)
      if (offset === undefined) return
      const before = recovered
      recovered = recover(connection)
      if (recovered.frames === before.frames) throw damaged(log, offset)
    }
  } finally {
    connection.close()
  }
}

function recover(connection: Connection): Recovered {
  // Reading lets SQLite go through a log that nobody has open.
  connection.get('SELECT count(*) FROM sqlite_schema', [])
  return {
    pageBytes: Number(connection.get('PRAGMA page_size', [])?.[0]),
    frames: Number(connection.get('PRAGMA wal_checkpoint(NOOP)', [])?.[1]),
  }
}

function damaged(log: string, offset: number): StoreError {
  return new StoreError(
    'CORRUPT',
    `${log} is damaged at byte ${offset}, and more was committed behind it: restore a backup; or copy the ` +
      "files, then open the database once with durability 'process', which drops what stands behind it. After a " +
      "power cut that is how a database looks that was written with durability 'process'",
    { backend: 'sqlite' },
  )
}

/** The offset of the first bad byte or the frame that has it. */
function findDamage(log: string, { pageBytes, frames }: Recovered): number | undefined {
  const descriptor = openSync(log, 'r')
  try {
    const count = Math.floor((fstatSync(descriptor).size - LOG_HEADER_BYTES) / frameBytes(pageBytes))
    const frameAt = (index: number) =>
      parseFrame(readBytes(descriptor, offsetOf(index, pageBytes), frameBytes(pageBytes)))
    if (count <= frames || count === 0) return undefined
    const header = parseHeader(readBytes(descriptor, 0, LOG_HEADER_BYTES))
    if (!header.isSound) {
      const { salt, checksum: before } = frameAt(0)
      const isDamaged = [false, true].some((isBigEndian) =>
        hasTellingChain({ first: 1, count, before, header: { salt, isBigEndian } }, frameAt),
      )
      return isDamaged ? 0 : undefined
    }
    const before = frames === 0 ? header.checksum : frameAt(frames - 1).checksum
    return hasTellingChain({ first: frames, count, before, header }, frameAt)
      ? offsetOf(frames, pageBytes)
      : undefined
  } finally {
    closeSync(descriptor)
  }
}

function offsetOf(index: number, pageBytes: number): number {
  return LOG_HEADER_BYTES + index * frameBytes(pageBytes)
}

interface Rest {
  readonly first: number
  readonly count: number
  /** The checksum of the frame before the first. */
  readonly before: Checksum
  readonly header: Pick<LogHeader, 'salt' | 'isBigEndian'>
}

function hasTellingChain(
  { first, count, before, header }: Rest,
  frameAt: (index: number) => LogFrame,
): boolean {
  let last = before
  let commits = 0
  let foreign = 0
  for (let index = first; index < count && foreign < MOST_FOREIGN_FRAMES; index++) {
    const frame = frameAt(index)
    const isOfRound = frame.salt === header.salt
    foreign = isOfRound ? 0 : foreign + 1
    const isNext = isOfRound && follows(frame, last, header.isBigEndian)
    commits = isNext ? commits + Number(frame.isCommit) : 0
    if (commits === TELLING_COMMITS) return true
    last = frame.checksum
  }
  return false
}

function readBytes(descriptor: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  readSync(descriptor, bytes, 0, length, offset)
  return bytes
}
