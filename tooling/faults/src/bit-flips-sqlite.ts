/**
 * Flipped bits in SQLite's files: one at a time, anywhere in a closed database, and anywhere in the log that a
 * process leaves that was killed. The damage is told when it is met, or by the checks, or it changes no answer.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isStoreError } from '@coffer/core'
import Database from 'better-sqlite3'
import {
  type Answers,
  askDatabase,
  fillDatabase,
  findsDamage,
  openDatabase,
} from './bit-flips-sqlite-database.ts'
import { Violations } from './crash-model-violations.ts'
import { errorText } from './error-text.ts'
import { type Random, randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'

/** How many bits are flipped. */
interface Extent {
  readonly inDatabase: number
  readonly inLog: number
  readonly control: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { inDatabase: 150, inLog: 60, control: 40 },
  long: { inDatabase: 2_000, inLog: 2_000, control: 200 },
}

/** From one word of the progress to the next. */
const STRIDE = 50

/** What became of a flipped bit. What must not become of it is told as a problem. */
type Fate =
  | 'told at once'
  | 'told by a check'
  | 'without effect'
  | 'in versions, times or history'
  | 'in the last commits of the log'
type Outcome = { readonly fate: Fate } | { readonly problem: string }

/** The codes that say that something is wrong with what is stored: damaged, or of a release that is yet to come. */
const TELLING_CODES: readonly string[] = ['CORRUPT', 'UNSUPPORTED']

export const bitFlipsOfSqlite: Rig = {
  name: 'bit-flips.sqlite',
  description:
    'flips single bits in a database and in its log: no record changes without being told, at once or by a check',
  unavailable: async () => undefined,
  run,
}

async function run({ effort, seed, onProgress }: RigOptions): Promise<RigResult> {
  const { inDatabase, inLog, control } = EXTENTS[effort]
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-bit-flips-'))
  try {
    const database = await closedDatabase(folder, seed)
    const log = await leftLog(folder, seed)
    const parts: readonly Part[] = [
      {
        count: inDatabase,
        files: database,
        target: 'database',
        judge: await databaseJudge(folder, database),
      },
      { count: inLog, files: log, target: 'log', judge: await logJudge(folder, log) },
    ]
    const counts = new Map<string, number>()
    const violations = new Violations()
    let done = 0
    for (const [part, { count, files, target, judge }] of parts.entries()) {
      for (let index = 0; index < count; index++) {
        const { flipped, where } = flip(files[target], randomFrom(seed, part, index))
        const outcome = await judge({ ...files, [target]: flipped })
        if ('problem' in outcome) violations.add(`${where} of the ${target}`, outcome.problem)
        else counts.set(outcome.fate, (counts.get(outcome.fate) ?? 0) + 1)
        if (++done % STRIDE === 0) onProgress(done, inDatabase + inLog)
      }
    }
    return {
      counts: { flips: done, ...Object.fromEntries(counts) },
      violations: violations.told,
      control: runControl(folder, database, randomFrom(seed, -1), control),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Flips in one of the files. */
interface Part {
  readonly count: number
  readonly files: Files
  readonly target: keyof Files
  readonly judge: Judge
}

/** The bytes of a database's files. */
interface Files {
  readonly database: Buffer
  readonly log: Buffer
}

const NOTHING = Buffer.alloc(0)

/** Answers the bytes with one bit changed, and where it is. */
function flip(bytes: Buffer, random: Random): { readonly flipped: Buffer; readonly where: string } {
  const [offset, bit] = [random.below(bytes.length), random.below(8)]
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(offset) ^ (1 << bit), offset)
  return { flipped, where: `bit ${bit} of byte ${offset}` }
}

/** Puts the files where they are opened, and nothing beside them. */
function place(folder: string, { database, log }: Files): string {
  const path = join(folder, 'flipped.db')
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
  writeFileSync(path, database)
  if (log.length > 0) writeFileSync(`${path}-wal`, log)
  return path
}

async function closedDatabase(folder: string, seed: number): Promise<Files> {
  const path = join(folder, 'closed.db')
  const [store] = openDatabase(path, 'process')
  await fillDatabase(store, randomFrom(seed, -2), false)
  await store.close()
  return { database: readFileSync(path), log: NOTHING }
}

/** The files as a process leaves them that is killed, with all that was stored in the log. */
async function leftLog(folder: string, seed: number): Promise<Files> {
  const path = join(folder, 'left.db')
  const [store] = openDatabase(path, 'power')
  await fillDatabase(store, randomFrom(seed, -2), true)
  // Nobody else has it open who could be harmed by that.
  const files = { database: readFileSync(path), log: readFileSync(`${path}-wal`) }
  await store.close()
  return files
}

/** All answers of a database, or the error of the first question that was refused. */
async function ask(
  path: string,
  durability: 'power' | 'process',
): Promise<Answers | { readonly error: unknown }> {
  const [store] = openDatabase(path, durability)
  try {
    return await askDatabase(store)
  } catch (error) {
    return { error }
  } finally {
    await store.close()
  }
}

async function answersOf(path: string, durability: 'power' | 'process'): Promise<Answers> {
  const answers = await ask(path, durability)
  if ('error' in answers) throw answers.error
  return answers
}

function told(error: unknown): Outcome {
  const isTold = isStoreError(error) && TELLING_CODES.includes(error.code)
  return isTold
    ? { fate: 'told at once' }
    : { problem: `a question failed with the wrong error: ${errorText(error)}` }
}

type Judge = (files: Files) => Promise<Outcome>

async function databaseJudge(folder: string, sound: Files): Promise<Judge> {
  const wanted = await answersOf(place(folder, sound), 'process')
  return async (files) => {
    const answers = await ask(place(folder, files), 'process')
    if ('error' in answers) return told(answers.error)
    // What was asked may have changed something in it.
    if (await isFound(place(folder, files))) return { fate: 'told by a check' }
    if (answers.records !== wanted.records) return { problem: 'a record has changed, and nobody tells' }
    return { fate: answers.rest === wanted.rest ? 'without effect' : 'in versions, times or history' }
  }
}

async function isFound(path: string): Promise<boolean> {
  const [store, backend] = openDatabase(path, 'process')
  try {
    await store.open()
    return await findsDamage(store, backend)
  } finally {
    await store.close()
  }
}

/** A damaged end can't be told from the end of a write that was cut short: the last two commits may be gone. */
const COMMITS_OF_END = 2
/** Bytes that are cut off at a time: no frame is shorter. */
const CUT_BYTES = 4_096

async function logJudge(folder: string, sound: Files): Promise<Judge> {
  const wanted = await answersOf(place(folder, sound), 'power')
  const cut: Answers[] = []
  for (let length = sound.log.length; cut.length < COMMITS_OF_END; ) {
    length -= CUT_BYTES
    const answers = await answersOf(place(folder, { ...sound, log: sound.log.subarray(0, length) }), 'power')
    if (!isSame(answers, cut.at(-1) ?? wanted)) cut.push(answers)
  }
  return async (files) => {
    const answers = await ask(place(folder, files), 'power')
    if ('error' in answers) return told(answers.error)
    if (isSame(answers, wanted)) return { fate: 'without effect' }
    if (cut.some((each) => isSame(answers, each))) return { fate: 'in the last commits of the log' }
    return { problem: 'commits have vanished, and nobody tells' }
  }
}

function isSame(left: Answers, right: Answers): boolean {
  return left.records === right.records && left.rest === right.rest
}

/** Somebody who reads with the driver by hand, as most do. */
function runControl(folder: string, files: Files, random: Random, trials: number): RigResult['control'] {
  const read = (path: string) => {
    const database = new Database(path, { readonly: true })
    try {
      return JSON.stringify(database.prepare('SELECT _doc FROM notes ORDER BY _id').all())
    } finally {
      database.close()
    }
  }
  const wanted = read(place(folder, files))
  let caught = 0
  for (let trial = 0; trial < trials; trial++) {
    const { flipped } = flip(files.database, random)
    try {
      if (read(place(folder, { ...files, database: flipped })) !== wanted) caught++
    } catch {
      // It was told.
    }
  }
  return { description: 'the driver by hand, which reads without a check', trials, violations: caught }
}
