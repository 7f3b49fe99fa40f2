/**
 * I/O errors on SQLite, which makes its calls to the system by itself: they are made to fail from outside, the first
 * of them in one run, the second in the next, until a run meets no failure any more.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createStore } from '@coffer/core'
import { sqlite } from '@coffer/sqlite'
import { compiledFolder } from './compiled-folder.ts'
import { Violations } from './crash-model-violations.ts'
import { errorText } from './error-text.ts'
import { judgeRecords, judgeWords } from './io-errors-sqlite-judge.ts'
import {
  type FaultyJob,
  type FaultyRecord,
  type FaultyWord,
  faultyRecords,
  parseWords,
} from './io-errors-sqlite-protocol.ts'
import { randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'

const execute = promisify(execFile)

/** The program that lets calls fail. */
const STRACE = 'strace'

/** A way of failing. */
interface Kind {
  readonly calls: string
  readonly error: 'EIO' | 'ENOSPC'
  /** Whether all calls from that one on fail. */
  readonly lasts: boolean
  /** Whether the process writes so much that the log is written back. */
  readonly isLong: boolean
  /** Whether it dies of the failure. */
  readonly dies?: true
}

const SYNCS = 'fsync,fdatasync'
const WRITES = 'pwrite64'

/** How much is done: from one failing call to the next that is tried, of each kind. */
interface Extent {
  readonly kinds: readonly (Kind & { readonly stride: number })[]
  readonly controlTrials: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: {
    kinds: [
      { calls: SYNCS, error: 'EIO', lasts: false, isLong: true, stride: 9 },
      { calls: SYNCS, error: 'EIO', lasts: false, isLong: false, dies: true, stride: 9 },
      { calls: WRITES, error: 'EIO', lasts: false, isLong: false, stride: 140 },
    ],
    controlTrials: 2,
  },
  long: {
    kinds: [
      { calls: SYNCS, error: 'EIO', lasts: false, isLong: true, stride: 1 },
      { calls: SYNCS, error: 'EIO', lasts: true, isLong: true, stride: 2 },
      { calls: SYNCS, error: 'EIO', lasts: false, isLong: true, dies: true, stride: 1 },
      { calls: SYNCS, error: 'ENOSPC', lasts: false, isLong: false, stride: 2 },
      { calls: WRITES, error: 'EIO', lasts: false, isLong: false, stride: 7 },
      { calls: WRITES, error: 'EIO', lasts: true, isLong: false, stride: 23 },
      { calls: WRITES, error: 'EIO', lasts: false, isLong: false, dies: true, stride: 23 },
      { calls: WRITES, error: 'ENOSPC', lasts: false, isLong: false, stride: 7 },
      { calls: WRITES, error: 'ENOSPC', lasts: true, isLong: false, stride: 23 },
      { calls: 'ftruncate', error: 'EIO', lasts: false, isLong: false, stride: 1 },
    ],
    controlTrials: 10,
  },
}

/** No process makes so many calls. */
const MOST_CALLS = 10_000

export const ioErrorsOfSqlite: Rig = {
  name: 'io-errors.sqlite',
  description:
    'lets the calls of a process to the disk fail in turn, its syncs above all: each write is safe or refused, and ' +
    'after a failed sync nothing more is, until the store is opened again',
  unavailable,
  run,
}

async function unavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'needs Linux'
  try {
    await execute(STRACE, ['-o', '/dev/null', '-e', 'inject=fsync:error=EIO', 'true'])
    return undefined
  } catch (error) {
    return `needs ${STRACE}, which can't be used here: ${errorText(error).split('\n')[0]}`
  }
}

async function run({ effort, seed, onProgress }: RigOptions): Promise<RigResult> {
  const { kinds, controlTrials } = EXTENTS[effort]
  const counts = { processes: 0, 'failed calls': 0, acknowledged: 0, refused: 0, unknown: 0 }
  const violations = new Violations()
  for (const [index, kind] of kinds.entries()) {
    const first = 1 + randomFrom(seed, index).below(kind.stride)
    for (let nth = first; nth < MOST_CALLS; nth += kind.stride) {
      const result = await runProcess('coffer', kind, nth)
      counts.processes++
      counts['failed calls'] += result.strikes
      counts.acknowledged += result.acknowledged
      counts.refused += result.refused
      counts.unknown += result.unknown
      for (const problem of result.problems) violations.add(`${described(kind)} from call ${nth}`, problem)
      if (result.strikes === 0) break
    }
    onProgress(index + 1, kinds.length + 1)
  }
  const control = await runControl(seed, controlTrials)
  onProgress(kinds.length + 1, kinds.length + 1)
  return { counts, violations: violations.told, control }
}

function described({ calls, error, lasts, dies }: Kind): string {
  return `${error} of ${calls} ${lasts ? 'for good' : 'once'}${dies ? ', and the end of the process,' : ''}`
}

/** Somebody who goes on after a sync has failed. */
async function runControl(seed: number, trials: number): Promise<RigResult['control']> {
  let caught = 0
  const kind: Kind = { calls: SYNCS, error: 'EIO', lasts: false, isLong: false }
  for (let trial = 0; trial < trials; trial++) {
    // Behind those of opening, and before the end.
    const { problems } = await runProcess('careless', kind, 8 + randomFrom(seed, -1, trial).below(20))
    if (problems.length > 0) caught++
  }
  return { description: 'a program that goes on after a sync has failed', trials, violations: caught }
}

interface ProcessResult {
  /** How many calls have failed. */
  readonly strikes: number
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  readonly problems: readonly string[]
}

async function runProcess(subject: FaultyJob['subject'], kind: Kind, nth: number): Promise<ProcessResult> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-io-errors-'))
  try {
    const path = join(folder, 'store.db')
    const trace = join(folder, 'trace')
    const job = { path, subject, isLong: kind.isLong, dies: kind.dies === true }
    const words = await letFail(job, kind, nth, trace)
    const strikes = readFileSync(trace, 'utf8').split('(INJECTED)').length - 1
    const { problems, ...counts } = judgeWords(words)
    const found = subject === 'coffer' ? judgeRecords(words, await reopen(path)) : []
    return { ...counts, strikes, problems: [...problems, ...found] }
  } catch (error) {
    return { strikes: 1, acknowledged: 0, refused: 0, unknown: 0, problems: [errorText(error)] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs the process with one call, or all from one on, made to fail. Calls to other files don't count. */
async function letFail(
  job: FaultyJob,
  kind: Kind,
  nth: number,
  trace: string,
): Promise<readonly FaultyWord[]> {
  const { calls, error, lasts } = kind
  const files = ['', '-wal', '-shm', '-journal', '-reserve'].map((end) => `${job.path}${end}`)
  const run = execute(
    STRACE,
    [
      ...['-f', '--seccomp-bpf', '-qq', '-o', trace],
      ...['-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}:when=${nth}${lasts ? '+' : ''}`],
      ...[join(job.path, '..'), ...files].flatMap((file) => ['-P', file]),
      process.execPath,
      fileURLToPath(new URL('./io-errors-sqlite-worker.ts', import.meta.url)),
      JSON.stringify(job),
    ],
    {
      maxBuffer: 64 * 1_024 * 1_024,
      env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder },
    },
  )
  const { stdout } = await run.catch((reason: unknown) => {
    // It dies in the way of its child.
    const isDead = job.dies && reason instanceof Error && 'signal' in reason && reason.signal === 'SIGKILL'
    if (isDead && 'stdout' in reason) return { stdout: String(reason.stdout) }
    throw reason
  })
  return parseWords(stdout)
}

/** What somebody finds who opens the database on a disk that works. It has to take a write. */
async function reopen(path: string): Promise<readonly FaultyRecord[]> {
  const backend = sqlite({ path })
  await using store = createStore({ backend })
  const records = store.collection(faultyRecords)
  const found: FaultyRecord[] = []
  for await (const record of records.iterate({ limit: 1_000 })) found.push(record)
  await records.put({ id: 'afterwards', text: '' })
  await records.delete('afterwards')
  const wrong = await backend.check()
  if (wrong.length > 0) throw new Error(`the database is damaged: ${wrong.join('; ')}`)
  return found
}
