/** Directories to lock, locks that are given back when a test is over, and processes that hold one. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isStoreError, type StoreError } from '@coffer/core/backend'
import { onTestFinished } from 'vitest'
import { acquireLock, type DirectoryLock, type LockOptions } from '../src/directory-lock.ts'
import type { FileSystem } from '../src/file-system.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-lock-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Takes a lock with short periods, at once or not at all unless told otherwise. */
export async function taken(
  directory: string,
  options: Partial<LockOptions> = {},
  fileSystem: FileSystem = nodeFileSystem,
): Promise<DirectoryLock> {
  const lock = await acquireLock(fileSystem, directory, { timeoutMs: 0, pauseMs: 2, ...options })
  onTestFinished(() => lock.release())
  return lock
}

/** The error that taking the lock ends with. */
export async function refusal(
  directory: string,
  options: Partial<LockOptions> = {},
  fileSystem?: FileSystem,
): Promise<StoreError> {
  try {
    await taken(directory, options, fileSystem)
  } catch (error) {
    if (isStoreError(error)) return error
    throw error
  }
  throw new Error('the lock was taken')
}

/** A process of its own. */
export interface Worker {
  readonly process: ChildProcessWithoutNullStreams
  readonly pid: number
  /** The next line that it prints. */
  nextLine(): Promise<string>
  /** How it ended: its signal or its code, and what it said on the way. */
  readonly ended: Promise<string>
}

/** Starts `lock-worker.ts`, which goes when the test is over. */
export function startWorker(...words: readonly string[]): Worker {
  const script = fileURLToPath(new URL('./lock-worker.ts', import.meta.url))
  const child = spawn(process.execPath, [script, ...words])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { pid } = child
  if (pid === undefined) throw new Error('the process could not be started')
  return {
    process: child,
    pid,
    nextLine: async () => {
      const line = await lines.next()
      return line.done === true ? `ended: ${said}` : line.value
    },
    ended: once(child, 'close').then(([code, signal]) => `${signal ?? code}${said}`),
  }
}
