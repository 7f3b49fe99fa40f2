/** Several processes at the lock of one directory. They are real, and so are their deaths. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { currentOwner, parseStat, processStatus } from '../src/lock-owner.ts'
import { refusal, startWorker, taken, temporaryDirectory } from './lock-place.ts'

test('the lock of a killed process is taken at once', async () => {
  const directory = temporaryDirectory()
  for (const number of [1, 3, 5]) {
    const worker = startWorker('hold', directory)
    expect(await worker.nextLine()).toBe(`held ${number}`)
    worker.process.kill('SIGKILL')
    expect(await worker.ended).toBe('SIGKILL')
    const lock = await taken(directory)
    expect([lock.number, lock.wasReleased]).toEqual([number + 1, false])
    await lock.release()
  }
})

test('a killed process that nobody has buried yet is dead', async () => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'])
  onTestFinished(() => {
    parent.kill('SIGKILL')
  })
  const pid = Number((await once(parent.stdout, 'data'))[0])
  const { startTime } = await processStatus(pid)
  const directory = temporaryDirectory()
  const sleeper = { ...(await currentOwner()), pid, startTime }
  await taken(directory, { self: sleeper })
  expect((await refusal(directory)).message).toContain(`process ${pid} `)
  process.kill(pid, 'SIGKILL')
  while (!parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).hasEnded) await turn()
  expect((await taken(directory)).number).toBe(2)
})

test('a stopped process is not robbed, and goes on when it is continued', async () => {
  const directory = temporaryDirectory()
  const worker = startWorker('hold', directory)
  expect(await worker.nextLine()).toBe('held 1')
  worker.process.kill('SIGSTOP')
  const error = await refusal(directory, { timeoutMs: 200, silenceMs: 10 })
  expect(error.code).toBe('BUSY')
  expect(error.message).toContain(`process ${worker.pid} on host `)
  worker.process.kill('SIGCONT')
  worker.process.stdin.end('go\n')
  expect(await worker.ended).toBe('0')
  const lock = await taken(directory)
  expect([lock.number, lock.wasReleased]).toEqual([2, true])
})

test('sixteen processes race for a free lock and for those of the dead, and one has it at a time', async () => {
  const [processes, rounds] = [16, 5]
  const directory = temporaryDirectory()
  const workers = Array.from({ length: processes }, () => startWorker('race', directory, String(rounds)))
  const ready = await Promise.all(workers.map((worker) => worker.nextLine()))
  expect(new Set(ready)).toEqual(new Set(['ready']))
  for (const worker of workers) worker.process.stdin.end('go\n')
  const ends = await Promise.all(workers.map((worker) => worker.ended))
  expect(new Set(ends)).toEqual(new Set(['SIGKILL']))

  const holders = readFileSync(join(directory, 'holders'), 'utf8').trimEnd().split('\n')
  // Every number once, in their order: nobody held it twice or in between.
  expect(holders.map((line) => Number.parseInt(line, 10))).toEqual(
    Array.from({ length: processes * rounds }, (_, index) => index + 1),
  )
  // All who died have a successor, but the last one.
  expect(holders.filter((line) => line.endsWith('false'))).toHaveLength(processes - 1)
}, 120_000)
