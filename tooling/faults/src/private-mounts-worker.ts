/** The process of a rig that mounts file systems. Started in a view of the mounts of its own. */

import { rmdirSync } from 'node:fs'
import { runFullDisk } from './full-disk-run.ts'
import { mountMemory, unmount } from './mounted-memory.ts'
import { runPowerCuts } from './power-cut-run.ts'
import type { MountedJob, MountedWord } from './private-mounts.ts'

/** All images and what is copied of them, far more than a rig needs. */
const MEMORY_BYTES = 2 * 1_024 * 1_024 * 1_024

const runs = { 'power-cut': runPowerCuts, 'full-disk': runFullDisk } as const

/** Whether nobody waits for the result any more. */
let isAbandoned = false

function say(word: MountedWord): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(word, undefined, undefined, () => resolve())
  })
}

/** An abandoned rig ends where it would tell how far it is, and takes its mounts away as after any failure. */
function tellProgress(done: number, total: number): void {
  if (isAbandoned) throw new Error('the rig was given up')
  void say({ type: 'progress', done, total })
}

async function work(job: MountedJob): Promise<MountedWord> {
  try {
    await mountMemory(job.folder, MEMORY_BYTES)
    try {
      return { type: 'result', result: await runs[job.rig]({ ...job, onProgress: tellProgress }) }
    } finally {
      await unmount(job.folder)
      if (isAbandoned) rmdirSync(job.folder)
    }
  } catch (error) {
    return {
      type: 'failure',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  }
}

process.once('message', async (job: MountedJob) => {
  await say(await work(job))
  process.exit()
})
const abandon = () => {
  isAbandoned = true
}
process.on('disconnect', abandon)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, abandon)
