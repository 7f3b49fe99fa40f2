/**
 * File systems that only one process and its children see. The rigs that mount something run in such a process:
 * when it ends, however it ends, the system takes its mounts and loop devices away. Nothing is ever mounted where
 * another program could come across it, and nothing has to be cleaned up by anybody who may have been killed.
 */

import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RigOptions, RigResult } from './rig.ts'

/** The backends that keep their data in files. */
export type FolderSubject = 'file' | 'sqlite'

/** What the process is told to do. */
export interface MountedJob extends Omit<RigOptions, 'onProgress'> {
  readonly rig: 'power-cut' | 'full-disk'
  readonly subject: FolderSubject
  /** An empty folder. The process mounts a file system in memory on it, and nothing anywhere else. */
  readonly folder: string
}

/** What a rig is given in that process. */
export type MountedRun = Pick<MountedJob, 'subject' | 'folder'> & RigOptions

/** What the process says. The last is a result or a failure. */
export type MountedWord =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly result: RigResult }
  | { readonly type: 'failure'; readonly message: string }

/** The program that gives a process a view of the mounts of its own, and what it is told. */
const UNSHARE = 'unshare'
const UNSHARE_MOUNTS = ['--mount']

/** @throws Error for whatever went wrong with the rig itself */
export async function runWithPrivateMounts(
  { rig, subject }: Pick<MountedJob, 'rig' | 'subject'>,
  { effort, seed, onProgress }: RigOptions,
): Promise<RigResult> {
  const folder = mkdtempSync(join(tmpdir(), `coffer-faults-${rig}-`))
  try {
    const worker = fork(fileURLToPath(new URL('./private-mounts-worker.ts', import.meta.url)), {
      execPath: UNSHARE,
      execArgv: [...UNSHARE_MOUNTS, process.execPath],
    })
    const closed = once(worker, 'close')
    let last: MountedWord | undefined
    worker.on('message', (word: MountedWord) => {
      if (word.type === 'progress') onProgress(word.done, word.total)
      else last = word
    })
    worker.send({ rig, subject, effort, seed, folder } satisfies MountedJob)
    await closed
    if (last?.type === 'result') return last.result
    throw new Error(last?.type === 'failure' ? last.message : 'the process with mounts of its own has ended')
  } finally {
    rmdirSync(folder)
  }
}

/**
 * Why no such process can do what a shell script does; `undefined` when it can. The script stops at its first
 * failure. It is given an empty folder as `$1`, to mount a file system on.
 */
export async function whyNotMounted(script: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root'
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-probe-'))
  try {
    await promisify(execFile)(UNSHARE, [...UNSHARE_MOUNTS, 'sh', '-euc', script, 'probe', folder])
    return undefined
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return `can't mount what it needs: ${said.split('\n')[0] || String(error)}`
  } finally {
    rmdirSync(folder)
  }
}
