/**
 * What it takes to move a store from SQLite to PostgreSQL with `coffer copy`. The same records put by a program stand
 * in the rival's place: the best that `putMany` does, whatever the size of its batches and the number of callers. The
 * copy is durable batch by batch, so it is also killed half-way and run again, and has to end with the same contents.
 */

import { contentHash } from '@coffer/backup'
import { createStore } from '@coffer/core'
import type { TestDatabase } from '@coffer-tooling/postgres'
import { Client } from 'pg'
import { type Effort, median } from './contest.ts'
import { type CopyOutcome, runCopy, runCopyUntil } from './copy-process.ts'
import { note, notes } from './note.ts'
import { temporaryFolder } from './places.ts'
import { emptyDatabase, settle } from './postgres-place.ts'

/** A trial, by its name. */
export interface CopyTrial {
  readonly name: string
  readonly run: (effort: Effort) => Promise<CopyStanding>
}

/** Medians of the rounds: records per second, milliseconds, bytes. */
export interface CopyStanding {
  readonly name: string
  /** Of the whole copy, and of its first part: without reading the target again and comparing it. */
  readonly copy: number
  readonly copyUnverified: number
  /** Of `putMany` by one caller and by several, in batches of the size that is best for each. */
  readonly putMany: PutManyRate
  readonly putManyAtOnce: PutManyRate
  /** The copy by the better of the two: 0.7 is quick enough. */
  readonly ratio: number
  readonly unit: 'records/s'
  readonly records: number
  /** The most that the copying process ever held of the machine. */
  readonly peak: number
  /** Of the copy that was killed: what the next one found there already. */
  readonly passedOver: number
}

/** How quick one way of putting is. */
export interface PutManyRate {
  readonly callers: number
  readonly batch: number
  readonly rate: number
}

const NAME = 'sqlite-to-postgres.copy'

/** Each round moves all of the records several times, so a few must be enough. */
const MAX_ROUNDS = 5

const BATCHES = [1_000, 3_000, 10_000]
const CALLERS_AT_ONCE = 4

/** Records of one `putMany` into SQLite. */
const FILLING = 10_000

/** Where the copy is seen to grow. */
const TABLE = `coffer.${notes.name}`

/** The share of the records by which the best size of a batch is found. */
const TRYING = 0.1

/** A trial that moves so many records. */
export function copyTrial(count: number): CopyTrial {
  return {
    name: NAME,
    run: async ({ rounds }) => {
      const folder = temporaryFolder()
      const path = folder.file('notes.db')
      const source = `sqlite:${path}`
      try {
        const hash = await fill(path, count)
        const one = await bestBatch(1, count)
        const several = await bestBatch(CALLERS_AT_ONCE, count)
        const results: Round[] = []
        for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round++) {
          results.push(await runRound({ source, hash, count, one, several, round }))
        }
        const passedOver = await copyTwice(source, hash, count)
        return standingOf(results, { one, several, count, passedOver })
      } finally {
        folder.remove()
      }
    },
  }
}

interface Round {
  readonly one: number
  readonly several: number
  readonly copied: CopyOutcome
}

interface RoundPlan {
  readonly source: string
  readonly hash: string
  readonly count: number
  readonly one: PutManyRate
  readonly several: PutManyRate
  readonly round: number
}

/** All sides once, the first to run changing each time, so that a slow moment of the machine meets each. */
async function runRound({ source, hash, count, one, several, round }: RoundPlan): Promise<Round> {
  const copyFirst = round % 2 === 1 ? await copyOnce(source, hash, count) : undefined
  const rates = { one: await putAll(one, count), several: await putAll(several, count) }
  return { ...rates, copied: copyFirst ?? (await copyOnce(source, hash, count)) }
}

function standingOf(
  rounds: readonly Round[],
  told: Pick<RoundPlan, 'one' | 'several' | 'count'> & Pick<CopyStanding, 'passedOver'>,
): CopyStanding {
  const { one, several, count, passedOver } = told
  const middle = (figure: (round: Round) => number) => median(rounds.map(figure))
  const copyRate = ({ copied }: Round) => (count / copied.elapsed) * 1_000
  return {
    name: NAME,
    copy: middle(copyRate),
    copyUnverified: middle(({ copied }) => (count / (copied.elapsed - copied.verifying)) * 1_000),
    putMany: { ...one, rate: middle((round) => round.one) },
    putManyAtOnce: { ...several, rate: middle((round) => round.several) },
    ratio: middle((round) => copyRate(round) / Math.max(round.one, round.several)),
    unit: 'records/s',
    records: count,
    peak: middle(({ copied }) => copied.peak),
    passedOver,
  }
}

/** Fills a database file, and answers the hash of what it then holds. */
async function fill(path: string, count: number): Promise<string> {
  await using store = createStore({ type: 'sqlite', path })
  const collection = store.collection(notes)
  for (let from = 0; from < count; from += FILLING) {
    await collection.putMany(batchOf(from, Math.min(FILLING, count - from)))
  }
  return contentHash(store)
}

/** Tries each size with a share of the records that has several batches for each caller. */
async function bestBatch(callers: number, count: number): Promise<PutManyRate> {
  const share = Math.ceil(count * TRYING)
  const tried: PutManyRate[] = []
  for (const batch of BATCHES.filter((size) => size === BATCHES[0] || size * callers * 2 <= share)) {
    tried.push({ callers, batch, rate: await putAll({ callers, batch }, share) })
  }
  return tried.reduce((best, each) => (each.rate > best.rate ? each : best))
}

/** Puts the records into an empty database. @returns records per second */
async function putAll({ callers, batch }: Omit<PutManyRate, 'rate'>, count: number): Promise<number> {
  await using database = await emptyDatabase()
  await settle(database)
  await using store = createStore({ type: 'postgresql', connectionString: database.url })
  const collection = store.collection(notes)
  await collection.count()
  const startedAt = performance.now()
  let next = 0
  const caller = async () => {
    while (next < count) {
      const from = next
      next = Math.min(count, from + batch)
      await collection.putMany(batchOf(from, next - from))
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (count / (performance.now() - startedAt)) * 1_000
}

function batchOf(from: number, count: number) {
  return Array.from({ length: count }, (_each, index) => note(from + index))
}

async function copyOnce(source: string, hash: string, count: number): Promise<CopyOutcome> {
  await using database = await emptyDatabase()
  await settle(database)
  const outcome = await runCopy(source, database.url)
  if (outcome.put !== count) throw new Error(`${outcome.put} records were copied`)
  await expectHash(database, hash)
  return outcome
}

/** Kills a copy half-way and runs it again. @returns the records that the second run passed over */
async function copyTwice(source: string, hash: string, count: number): Promise<number> {
  await using database = await emptyDatabase()
  const client = new Client({ connectionString: database.url })
  await client.connect()
  try {
    const isHalf = async () => (await recordsIn(client)) >= count / 2
    if (!(await runCopyUntil(source, database.url, isHalf))) throw new Error('the copy was done too early')
  } finally {
    await client.end()
  }
  const { rows, put, same } = await runCopy(source, database.url)
  if (rows !== count || put + same !== count) throw new Error(`${put} and ${same} make ${rows} records`)
  await expectHash(database, hash)
  return same
}

/** How many records of the copy can be seen by now; none while their table is not there. */
async function recordsIn(client: Client): Promise<number> {
  const { rows: tables } = await client.query<{ oid: string | null }>(`SELECT to_regclass('${TABLE}') AS oid`)
  if (tables[0]?.oid == null) return 0
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${TABLE}`)
  return Number(rows[0]?.count)
}

async function expectHash({ url }: TestDatabase, hash: string): Promise<void> {
  await using store = createStore({ type: 'postgresql', connectionString: url })
  if ((await contentHash(store)) !== hash) throw new Error('the copy does not hold what its source does')
}
