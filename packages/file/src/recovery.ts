/** Loads what a directory holds: the newest snapshot, and the logs from there on. */

import { join } from 'node:path'
import type { Engine } from '@coffer/memory/engine'
import { baseOf } from './base.ts'
import type { Closing } from './closing.ts'
import { logName, type Names, snapshotName } from './directory-names.ts'
import { corrupt } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { type LoadedLog, loadLog, readLogHeader } from './load-log.ts'
import { loadSnapshot } from './load-snapshot.ts'
import type { LogHeader } from './record.ts'

/** What was found in a directory. */
export interface Recovery {
  /** The last log; `undefined` where there is none yet. */
  readonly log: LoadedLog | undefined
  /** Length in bytes of the snapshot, 0 where there is none. */
  readonly snapshotBytes: number
  /** Length in bytes of all logs that are needed. */
  readonly logBytes: number
  /** How many logs are needed. */
  readonly logs: number
  /** The snapshot that it begins with; those of higher numbers count for nothing. */
  readonly base: number | undefined
}

/**
 * Loads all of it into an empty engine.
 *
 * @param closing how the last writer left it, where it closed in order
 * @throws StoreError `CORRUPT` for damage, with file and offset; `UNSUPPORTED` when a newer release wrote it
 */
export async function recover(
  fileSystem: FileSystem,
  directory: string,
  names: Names,
  closing: Closing | undefined,
  engine: Engine,
): Promise<Recovery> {
  const base = await baseOf(fileSystem, directory, names)
  const first = base ?? 1
  const last = Math.max(names.logs.at(-1) ?? 0, closing?.log ?? 0, base ?? 0)
  const headers = new Map<number, LogHeader>()
  for (let number = first; number <= last; number++) {
    if (!names.logs.includes(number))
      throw corrupt(join(directory, logName(number)), 0, 'the file is missing')
    headers.set(number, await readLogHeader(fileSystem, directory, number))
  }
  checkChain(directory, headers, first, base)
  const snapshot = base === undefined ? undefined : await loadSnapshot(fileSystem, directory, base, engine)
  let log: LoadedLog | undefined
  let logBytes = 0
  for (let number = first; number <= last; number++) {
    const after = log?.commit ?? snapshot?.commit ?? 0
    const follows = headers.get(number)?.follows
    if ((follows?.commit ?? 0) !== after) {
      throw corrupt(
        join(directory, logName(number)),
        0,
        `it goes on from commit ${follows?.commit ?? 0}, not from ${after}`,
      )
    }
    const next = headers.get(number + 1)?.follows
    const left = closing?.log === number ? closing : undefined
    const known = next ? { ...next, isFinal: true } : left && { ...left, isFinal: false }
    log = await loadLog(fileSystem, directory, { number, after, known }, engine)
    logBytes += log.end
  }
  return { log, snapshotBytes: snapshot?.bytes ?? 0, logBytes, logs: headers.size, base }
}

function checkChain(
  directory: string,
  headers: ReadonlyMap<number, LogHeader>,
  first: number,
  base: number | undefined,
): void {
  for (const [number, { follows, replaces }] of headers) {
    if (replaces === true && number !== base) {
      throw corrupt(join(directory, snapshotName(number)), 0, 'the file is missing')
    }
    if (number === first && base === undefined && follows !== null) {
      throw corrupt(join(directory, snapshotName(number)), 0, 'the file is missing')
    }
    if (number > first && follows?.log !== number - 1) {
      throw corrupt(join(directory, logName(number)), 0, `it does not go on from ${logName(number - 1)}`)
    }
  }
}

/** The bytes of a log behind what is known to be durable. */
export async function readTail(
  fileSystem: FileSystem,
  directory: string,
  { number, durableEnd, end }: LoadedLog,
): Promise<Buffer> {
  const tail = Buffer.alloc(end - durableEnd)
  const file = await fileSystem.open(join(directory, logName(number)), 'read')
  try {
    for (let filled = 0; filled < tail.length; ) {
      const count = await file.read(tail.subarray(filled), durableEnd + filled)
      if (count === 0) throw corrupt(join(directory, logName(number)), durableEnd + filled, 'it ends here')
      filled += count
    }
  } finally {
    await file.close()
  }
  return tail
}
