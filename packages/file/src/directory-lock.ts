/**
 * The lock of a directory's one writer: one empty file, whose name says who has it.
 *
 * Taking, giving back and taking over each give the file its next name, from the very name that was read.
 * The system lets one process do that; any other finds the old name gone. The number in the name grows with
 * each holder, so no name ever comes back, and whoever slept since it read one can do nothing with it. So the
 * directory is held as long as the holder's own name is there, which is all that `assertHeld` asks.
 *
 * The first file is made where there is none. A process that slept since it saw none makes a second one. The file
 * of the highest number is the one that counts; who took a file looks again, and gives way to any as high.
 *
 * Who takes over from whom is a matter of `lock-owner.ts`. A wrong judgement there costs the robbed holder its
 * lock, and it notices. A network file system that answers from a cache of names delays its noticing.
 */

import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { StoreError } from '@coffer/core/backend'
import type { FileSystem } from './file-system.ts'
import { freeName, heldName, type LockName, type LockNote, parseLockName } from './lock-name.ts'
import { currentOwner, isSameProcess, judgeOwner, type LockOwner } from './lock-owner.ts'
import { HeartbeatWatch } from './lock-watch.ts'

/** How to take a lock. */
export interface LockOptions {
  /** How long to wait for the holder. A holder that can only be judged by its heartbeat may take longer: `silenceMs`. */
  readonly timeoutMs: number
  /**
   * Whether it survives a power cut that the lock was taken and not given back, and its number; true by default.
   */
  readonly isDurable?: boolean
  /** Who asks; by default this process. */
  readonly self?: LockOwner
  /** About how long to wait between two looks. */
  readonly pauseMs?: number
  /** How often a holder shows that it lives. */
  readonly heartbeatMs?: number
  /** How long a holder that can't be judged otherwise must be silent before it is taken for dead. */
  readonly silenceMs?: number
}

/** How a lock is given back. */
export interface ReleaseOptions {
  /** Whether everything was put in order, and is as durable as it is to be; true by default. */
  readonly inOrder?: boolean
  /** What the next holder is to know. */
  readonly note?: LockNote | undefined
}

/** A directory that is held for writing. */
export interface DirectoryLock {
  /** The number of this holding: higher than that of any holder before. */
  readonly number: number
  /** Whether the holder before gave the lock back in order; true also where there was none. */
  readonly wasReleased: boolean
  /** What the holder before left, when it gave the lock back. */
  readonly note: LockNote | undefined
  /**
   * Asks the file system whether the lock is still ours, at once and for the cost of one `stat`.
   *
   * @throws `LOCK_LOST` when another process has taken over
   */
  assertHeld(): void
  /**
   * Gives the lock back. Who fails before anything was changed leaves it as it was found, with `wasReleased` and
   * `note`. Repeating it does nothing, nor does it harm after the lock was lost.
   */
  release(options?: ReleaseOptions): Promise<void>
}

const PAUSE_MS = 50
const HEARTBEAT_MS = 5_000
const SILENCE_MS = 20_000

/**
 * Names of locks that this process has, and no store of it holds any more: giving them back has failed. No two
 * locks ever have one name.
 */
const ownerless = new Set<string>()

/** One attempt to get hold of a directory. */
interface Attempt {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly self: LockOwner
  /** Tells this attempt from any other. */
  readonly id: string
  readonly isDurable: boolean
  readonly heartbeatMs: number
  readonly watch: HeartbeatWatch
}

/** What was found in the way: who holds the lock, as far as known, and whether it may turn out dead. */
interface Obstacle {
  readonly owner: LockOwner | undefined
  readonly isUndecided: boolean
}

/**
 * Takes the lock of a directory, which must be there.
 *
 * @throws `BUSY` when another has it; `PERMISSION_DENIED` or `INVALID_ARGUMENT` when the lock is a symbolic
 *   link or no file; errors of the file system as they are
 */
export async function acquireLock(
  fileSystem: FileSystem,
  directory: string,
  options: LockOptions,
): Promise<DirectoryLock> {
  const { timeoutMs, pauseMs = PAUSE_MS, silenceMs = SILENCE_MS } = options
  const deadline = performance.now() + timeoutMs
  const attempt: Attempt = {
    fileSystem,
    directory,
    self: options.self ?? (await currentOwner()),
    id: randomBytes(6).toString('hex'),
    isDurable: options.isDurable ?? true,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    watch: new HeartbeatWatch(silenceMs, pauseMs),
  }
  for (;;) {
    const found = await tryToTake(attempt)
    if ('assertHeld' in found) return found
    const left = deadline - performance.now()
    if (left <= 0 && !found.isUndecided) throw busyError(attempt, found.owner)
    const untilNextLook = pauseMs * (0.5 + Math.random())
    await pause(left <= 0 ? untilNextLook : Math.min(left, untilNextLook))
  }
}

async function tryToTake(attempt: Attempt): Promise<DirectoryLock | Obstacle> {
  const lock = (await highestLock(attempt)) ?? (await firstLock(attempt))
  const modifiedAt = await modificationOf(attempt, lock)
  const obstacle = lock.state === 'held' ? await obstacleIn(attempt, lock, modifiedAt) : undefined
  return obstacle ?? (await take(attempt, lock)) ?? { owner: undefined, isUndecided: false }
}

/** The lock file that counts. */
async function highestLock(attempt: Attempt): Promise<LockName | undefined> {
  return (await locksIn(attempt)).at(-1)
}

/** All lock files, the one that counts last. */
async function locksIn({ fileSystem, directory }: Attempt): Promise<readonly LockName[]> {
  const names = await fileSystem.list(directory)
  const locks = names.map(parseLockName).filter((lock) => lock !== undefined)
  return locks.toSorted((a, b) => a.number - b.number)
}

/** Makes the first lock file, which nobody holds; or finds the one that another process made meanwhile. */
async function firstLock(attempt: Attempt): Promise<LockName> {
  const name = freeName(0, 'released')
  try {
    await (await attempt.fileSystem.open(join(attempt.directory, name), 'create')).close()
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
  return (
    (await highestLock(attempt)) ?? { name, number: 0, state: 'released', owner: undefined, note: undefined }
  )
}

/** What stands in the way of taking a lock that is held; `undefined` when its owner is dead. */
async function obstacleIn(
  attempt: Attempt,
  { name, owner }: LockName,
  modifiedAt: number,
): Promise<Obstacle | undefined> {
  if (ownerless.has(name)) return undefined
  const judgement = owner === undefined ? 'unknown' : await judgeOwner(owner, attempt.self)
  if (judgement === 'dead') return undefined
  if (judgement === 'alive') return { owner, isUndecided: false }
  const heartbeat = attempt.watch.look(name, modifiedAt, performance.now())
  return heartbeat === 'silent' ? undefined : { owner, isUndecided: heartbeat === 'undecided' }
}

/** Takes a lock from the name it was seen under; `undefined` when another was faster. */
async function take(attempt: Attempt, seen: LockName): Promise<DirectoryLock | undefined> {
  const { fileSystem, directory, self, id } = attempt
  const number = seen.number + 1
  const name = heldName(number, self, id)
  const path = join(directory, name)
  try {
    await fileSystem.rename(join(directory, seen.name), path)
  } catch (error) {
    // A network file system that had to ask twice may say so of a rename that it has done.
    if (!hasCode(error, 'ENOENT')) throw error
    if (!fileSystem.existsSync(path)) return undefined
  }
  const wasReleased = seen.state === 'released'
  const stopHeart = startHeart(attempt, path)
  const lock = holding(attempt, path, { number, wasReleased, note: seen.note }, stopHeart)
  try {
    const others = (await locksIn(attempt)).filter((lock) => lock.name !== name)
    if (others.some((lock) => lock.number >= number)) {
      stopHeart()
      await removeIfThere(fileSystem, path)
      return undefined
    }
    for (const lower of others) await removeIfThere(fileSystem, join(directory, lower.name))
    if (attempt.isDurable) await fileSystem.syncDirectory(directory)
    return lock
  } catch (error) {
    // What is thrown is the first failure.
    await lock.release({ inOrder: wasReleased, note: seen.note }).catch(() => undefined)
    throw error
  }
}

/** Shows again and again that the holder lives. @returns what ends it */
function startHeart({ fileSystem, heartbeatMs }: Attempt, path: string): () => void {
  let isTouching = false
  const beat = async () => {
    if (isTouching) return
    isTouching = true
    try {
      await fileSystem.touch(path)
    } catch {
      // The next beat may succeed. If the lock is lost, `assertHeld` says so.
      if (!fileSystem.existsSync(path)) stop()
    } finally {
      isTouching = false
    }
  }
  const timer = setInterval(beat, heartbeatMs).unref()
  const stop = () => clearInterval(timer)
  return stop
}

function holding(
  { fileSystem, directory, isDurable }: Attempt,
  path: string,
  found: Pick<DirectoryLock, 'number' | 'wasReleased' | 'note'>,
  stopHeart: () => void,
): DirectoryLock {
  return {
    ...found,
    assertHeld: () => {
      if (!fileSystem.existsSync(path)) throw lostError(directory)
    },
    release: async ({ inOrder = true, note } = {}) => {
      stopHeart()
      const next = freeName(found.number, inOrder ? 'released' : 'abandoned', note)
      ownerless.add(basename(path))
      try {
        await fileSystem.rename(path, join(directory, next))
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error
      }
      ownerless.delete(basename(path))
      if (isDurable) await fileSystem.syncDirectory(directory)
    },
  }
}

/** When a lock file was last touched; 0 when it is gone. */
async function modificationOf({ fileSystem, directory }: Attempt, { name }: LockName): Promise<number> {
  const path = join(directory, name)
  const status = await fileSystem.status(path)
  if (status?.type === 'link') {
    throw failure('PERMISSION_DENIED', `the lock is a symbolic link: ${path}; remove it`)
  }
  if (status !== undefined && status.type !== 'file') {
    throw failure('INVALID_ARGUMENT', `the lock is not a regular file: ${path}; remove it`)
  }
  return status?.modifiedAt ?? 0
}

async function removeIfThere(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.remove(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

function busyError({ directory, self }: Attempt, owner: LockOwner | undefined): StoreError {
  const [holder, remedy] =
    owner === undefined
      ? ['another process', 'close it there']
      : isSameProcess(owner, self)
        ? ['another store of this process', 'close that store first']
        : [`process ${owner.pid} on host ${owner.host}`, 'close it there']
  return failure(
    'BUSY',
    `${holder} has ${directory} open for writing: ${remedy}, open this one with readOnly: true, or raise lockTimeoutMs`,
  )
}

function lostError(directory: string): StoreError {
  return failure(
    'LOCK_LOST',
    `another process has taken over ${directory}, or its lock was removed: ` +
      'nothing more was written; close the store and open it again',
  )
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function failure(
  code: 'BUSY' | 'LOCK_LOST' | 'PERMISSION_DENIED' | 'INVALID_ARGUMENT',
  message: string,
): StoreError {
  return new StoreError(code, message, { backend: 'file' })
}
