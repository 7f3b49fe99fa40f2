/**
 * A process of its own that takes the lock of a directory, started by `lock-processes.test.ts`.
 *
 * - `hold <directory>`: takes it, says so, and gives it back when it is told to
 * - `race <directory> <rounds>`: takes it so many times, and dies by SIGKILL holding it for the last time
 */

import { once } from 'node:events'
import { appendFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { acquireLock } from '../src/directory-lock.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'

const [task = '', directory = '', rounds = '1'] = process.argv.slice(2)

await (task === 'hold' ? holdUntilTold() : race())
process.exit(0)

async function holdUntilTold(): Promise<void> {
  const lock = await acquireLock(nodeFileSystem, directory, { timeoutMs: 60_000, heartbeatMs: 5 })
  console.log(`held ${lock.number}`)
  await once(process.stdin, 'data')
  lock.assertHeld()
  await lock.release()
}

async function race(): Promise<void> {
  const marker = join(directory, 'marker')
  console.log('ready')
  await once(process.stdin, 'data')
  for (let left = Number(rounds); left > 0; left--) {
    const options = { timeoutMs: 60_000, pauseMs: 2, isDurable: false }
    const lock = await acquireLock(nodeFileSystem, directory, options)
    // Fails when another has the lock too.
    writeFileSync(marker, String(process.pid), { flag: 'wx' })
    appendFileSync(join(directory, 'holders'), `${lock.number} ${lock.wasReleased}\n`)
    for (let turns = 0; turns < 20; turns++) await turn()
    lock.assertHeld()
    unlinkSync(marker)
    if (left === 1) process.kill(process.pid, 'SIGKILL')
    await lock.release()
  }
}
