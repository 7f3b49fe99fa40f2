/** Cuts the power of a disk once and prints what is left. Started in a view of the mounts of its own. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MountedImage } from '../src/mounted-image.ts'
import { mountMemory, unmount } from '../src/mounted-memory.ts'

/** What is printed, as JSON. */
export interface CutTrial {
  /** The content of a file of which the first word was synced; `null` where there is none. */
  readonly synced: string | null
  /** The content of a file that was not synced. */
  readonly unsynced: string | null
  readonly canWriteAfterTheCut: boolean
  /** Whether a child process stood still: after the cut, and when the power was back. */
  readonly childStoodStill: readonly boolean[]
}

const MEMORY_BYTES = 512 * 1_024 * 1_024
/** How long a process is given to stand still: one that waits for a page of its program stops only when it has it. */
const STOP_LIMIT_MS = 5_000
const LOOK_AGAIN_MS = 5

async function cutOnce(folder: string): Promise<CutTrial> {
  const disk = await MountedImage.make(folder, 'disk')
  const child = spawn(process.execPath, ['-e', 'console.log("started"); setInterval(() => undefined, 1)'])
  await once(child.stdout, 'data')
  const file = openSync(join(disk.folder, 'synced'), 'wx')
  writeSync(file, 'synced')
  fsyncSync(file)
  writeSync(file, ' and more')
  mkdirSync(join(disk.folder, 'folder'))
  writeFileSync(join(disk.folder, 'folder', 'unsynced'), 'unsynced')
  await disk.cut()
  const canWriteAfterTheCut = succeeds(() => writeFileSync(join(disk.folder, 'late'), 'late'))
  const stoodStill = await comesToStandStill(child.pid)
  succeeds(() => closeSync(file))
  await disk.restart()
  const childStoodStill = [stoodStill, standsStill(child.pid)]
  child.kill('SIGKILL')
  const synced = readIfThere(join(disk.folder, 'synced'))
  const unsynced = readIfThere(join(disk.folder, 'folder', 'unsynced'))
  await disk.remove()
  return { synced, unsynced, canWriteAfterTheCut, childStoodStill }
}

function succeeds(work: () => void): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}

async function comesToStandStill(process: number | undefined): Promise<boolean> {
  const giveUpAt = Date.now() + STOP_LIMIT_MS
  while (!standsStill(process) && Date.now() < giveUpAt) await sleep(LOOK_AGAIN_MS)
  return standsStill(process)
}

/** The third field of `/proc/<pid>/stat`, behind the name in brackets: `T` for a process that was stopped. */
function standsStill(process: number | undefined): boolean {
  return /\) T /.test(readFileSync(`/proc/${process}/stat`, 'utf8'))
}

function readIfThere(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

const [folder = ''] = process.argv.slice(2)
await mountMemory(folder, MEMORY_BYTES)
process.stdout.write(JSON.stringify(await cutOnce(folder)))
await unmount(folder)
