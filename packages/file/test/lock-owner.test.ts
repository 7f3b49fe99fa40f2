/** Who is taken for dead, and who is not. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { heldName, parseLockName } from '../src/lock-name.ts'
import { currentOwner, describeOwner, judgeOwner, type ProcessFacts, parseStat } from '../src/lock-owner.ts'
import { HeartbeatWatch } from '../src/lock-watch.ts'

const FACTS: ProcessFacts = {
  platform: 'linux',
  host: 'one',
  pid: 42,
  stat: stat(42, 'node', 'S', 11, '777'),
  machineId: 'm1',
  bootId: 'b1',
  pidNamespace: 'pid:[4026531836]',
  timeNamespace: 'time:[1]',
}
const CONTAINER = { pidNamespace: 'pid:[4026532500]' }

/** The text of `/proc/<pid>/stat`. */
function stat(pid: number, name: string, state: string, threads: number, startTime: string): string {
  return `${pid} (${name}) ${state} ${'0 '.repeat(16)}${threads} 0 ${startTime} 0 0`
}

const GONE = { exists: false, startTime: undefined }
const SAME = { exists: true, startTime: '777' }
const OTHER = { exists: true, startTime: '778' }
const HIDDEN = { exists: true, startTime: undefined }

const MAC = { platform: 'darwin', stat: undefined, bootId: undefined, pidNamespace: undefined }

test.each([
  ['runs on', {}, {}, SAME, 'alive'],
  ['is gone', {}, {}, GONE, 'dead'],
  ['gave its id to a later process', {}, {}, OTHER, 'dead'],
  ['can not be looked at', {}, {}, HIDDEN, 'unknown'],
  ['ran before the machine was started again', {}, { bootId: 'b2' }, SAME, 'dead'],
  ['runs on another machine', {}, { bootId: 'b2', machineId: 'm2' }, GONE, 'unknown'],
  ['runs on another machine of the same image', {}, { bootId: 'b2', host: 'two' }, GONE, 'unknown'],
  ['runs in the same container', CONTAINER, CONTAINER, GONE, 'dead'],
  ['runs in another container', CONTAINER, { pidNamespace: 'pid:[4026532501]' }, GONE, 'unknown'],
  ['runs in a container, looked at from outside', CONTAINER, {}, GONE, 'unknown'],
  ['runs outside, looked at from a container', {}, CONTAINER, GONE, 'unknown'],
  ['ran in a container of another start', CONTAINER, { ...CONTAINER, bootId: 'b2' }, GONE, 'unknown'],
  [
    'counts its time from elsewhere',
    {},
    { timeNamespace: 'time:[2]', machineId: undefined },
    OTHER,
    'unknown',
  ],
  ['has no boot id', { bootId: undefined }, { bootId: undefined }, GONE, 'unknown'],
  ['is seen through the /proc of others', { stat: stat(7, 'sh', 'S', 1, '5') }, {}, GONE, 'unknown'],
  ['is gone from a system that says no more', MAC, MAC, GONE, 'dead'],
  ['may run on a system that says no more', MAC, MAC, HIDDEN, 'unknown'],
  ['runs on another system that says no more', MAC, { ...MAC, host: 'two' }, GONE, 'unknown'],
] as const)('a process that %s', async (_, owner, self, seen, judgement) => {
  const judged = judgeOwner(
    describeOwner({ ...FACTS, ...owner }),
    describeOwner({ ...FACTS, ...self }),
    async () => seen,
  )
  expect(await judged).toBe(judgement)
})

test('this process is alive, and names the start time that the system does', async () => {
  const self = await currentOwner()
  expect(self.pid).toBe(process.pid)
  expect(self.startTime).toBe(parseStat(readFileSync('/proc/self/stat', 'utf8')).startTime)
  expect(await judgeOwner(self, self)).toBe('alive')
})

test('the name of a program may look like the fields behind it', () => {
  const seen = parseStat(stat(9, 'a) Z 1 (b', 'S', 3, '12'))
  expect(seen).toEqual({ pid: 9, hasEnded: false, startTime: '12' })
})

test('a process has ended when its last thread has', () => {
  expect(parseStat(stat(9, 'node', 'Z', 2, '12')).hasEnded).toBe(false)
  expect(parseStat(stat(9, 'node', 'Z', 1, '12')).hasEnded).toBe(true)
  expect(parseStat(stat(9, 'node', 'T', 1, '12')).hasEnded).toBe(false)
})

test('a name says who holds the lock, in as many characters as any file system takes', () => {
  const owner = { ...describeOwner(FACTS), host: `ä/host,with=all\n${'x'.repeat(80)}`, pid: 4_194_304 }
  const name = heldName(7, { ...owner, startTime: '1234567890' }, '0123456789ab')
  expect(name.length).toBeLessThanOrEqual(143)
  expect(name).toMatch(/^[\w.,=-]+$/)
  expect(parseLockName(name)).toEqual({
    name,
    number: 7,
    state: 'held',
    owner: { ...owner, host: '--host-with-all-xxxxxxxxxxxxxxxx', startTime: '1234567890' },
    note: undefined,
  })
})

test.each([
  'lock-000003',
  'lock-000003.held',
  'lock-000003.held,host=a,pid=0',
  'lock-000003.held,host=a,pid=1e99',
  'lock-000003.held,pid=4',
  'lock-000003.kept,host=a,pid=4',
])('%s is held by nobody knows whom', (name) => {
  expect(parseLockName(name)).toMatchObject({ number: 3, state: 'held', owner: undefined })
})

test.each([
  'lock-3.released',
  'lock-000003.released~',
  'lock-000003.tmp,',
  'clock-000003',
  'log-000003.jsonl',
])('%s is no lock', (name) => {
  expect(parseLockName(name)).toBeUndefined()
})

test('a heartbeat is silent after its time without a change, and then a change makes it beat again', () => {
  const watch = new HeartbeatWatch(100, 50)
  expect(watch.look('a', 1, 1_000)).toBe('undecided')
  expect(watch.look('a', 1, 1_099)).toBe('undecided')
  expect(watch.look('a', 1, 1_100)).toBe('silent')
  expect(watch.look('a', 2, 1_150)).toBe('beating')
  expect(watch.look('a', 2, 1_249)).toBe('beating')
  expect(watch.look('a', 2, 1_250)).toBe('silent')
  expect(watch.look('b', 2, 1_260)).toBe('beating')
})

test('a watcher that was stopped itself does not take the others for dead', () => {
  const watch = new HeartbeatWatch(1_000, 50)
  watch.look('a', 1, 0)
  expect(watch.look('a', 1, 60_000)).toBe('undecided')
  expect(watch.look('a', 1, 60_200)).toBe('undecided')
})
