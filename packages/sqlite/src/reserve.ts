/**
 * Blocks of the disk that are kept beside the database for the time when it is full: then they are given up, and
 * what must go on has room. They hold random bytes, so that no file system stores them in less. Nothing here
 * ever fails: a store whose disk has no room for a reserve goes on without one.
 */

import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'

/** What the file begins with, for whoever looks into it. A file without it is somebody else's and left alone. */
const HEADER = Buffer.from(
  'Coffer keeps this room beside an SQLite database, for when the disk is full. It holds no data.\n',
)

const PIECE_BYTES = 64 * 1_024
const UNIT_OF_BLOCKS = 512

/** The reserve of one database. Several processes may share it. */
export interface Reserve {
  /** How many bytes it has blocks for; 0 when there is no file. */
  bytes(): number
  /** Gives blocks back to the file system, or takes them as long as there are any. Something of a file stays. */
  resize(bytes: number): void
}

/** The reserve in a file, which may be missing. */
export function reserveAt(path: string): Reserve {
  const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants
  /** Works on the file if it is ours. What fails is left undone: the reserve stays as far as it got. */
  const onOwnFile = (flags: number, work: (file: number) => void): void => {
    try {
      const file = openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | flags, 0o600)
      try {
        if (isOwn(file)) work(file)
      } finally {
        closeSync(file)
      }
    } catch {
      // There is no such file, no right to it, or no room.
    }
  }
  return {
    bytes() {
      try {
        const entry = lstatSync(path)
        return entry.isFile() ? Math.min(entry.size, entry.blocks * UNIT_OF_BLOCKS) : 0
      } catch {
        return 0
      }
    },
    resize: (bytes) =>
      onOwnFile(bytes === 0 ? 0 : O_CREAT, (file) => {
        if (fstatSync(file).size > bytes) ftruncateSync(file, Math.max(bytes, HEADER.length))
        else grow(file, bytes)
      }),
  }
}

/** An empty file is one whose making was cut short. */
function isOwn(file: number): boolean {
  if (!fstatSync(file).isFile()) return false
  const start = Buffer.alloc(HEADER.length)
  const length = readSync(file, start, 0, start.length, 0)
  return HEADER.subarray(0, length).equals(start.subarray(0, length))
}

function grow(file: number, bytes: number): void {
  const { size, blocks } = fstatSync(file)
  const isHollow = blocks * UNIT_OF_BLOCKS < size
  if (isHollow) ftruncateSync(file, 0)
  let position = isHollow ? 0 : size
  if (position < HEADER.length) position = writeSync(file, HEADER, 0, HEADER.length, 0)
  const piece = Buffer.alloc(PIECE_BYTES)
  while (position < bytes) {
    randomFillSync(piece)
    position += writeSync(file, piece, 0, Math.min(PIECE_BYTES, bytes - position), position)
  }
}
