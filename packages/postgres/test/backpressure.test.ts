/** More callers than connections: a bounded line, answers in bounded time, and a store that is soon itself again. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { turnstile } from '../src/turnstile.ts'
import { fileDatabase } from './places.ts'
import { fate, type Rig, rig, tally, timedFate } from './rig.ts'

const database = fileDatabase()
const CALLERS = 5_000
/** Short, so that a line of thousands is more than can be served in time. */
const CONNECT_TIMEOUT_MS = 300
const TIMEOUT_MS = 1_000
const RECOVERY_MS = 1_000
const MEGABYTE = 1_024 * 1_024

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

const WORK = {
  transactions: (subject: Rig, index: number) => subject.putTogether([`transaction ${index}`]),
  puts: (subject: Rig, index: number) => subject.put(`put ${index}`),
  gets: (subject: Rig, index: number) => subject.marks.get(`put ${index}`),
  queries: (subject: Rig, index: number) => subject.marks.find({ where: { group: `none ${index}` } }),
} satisfies Record<string, (subject: Rig, index: number) => Promise<unknown>>

const KINDS = Object.values(WORK)
const LOADS: Readonly<Record<string, (subject: Rig, index: number) => Promise<unknown>>> = {
  ...WORK,
  mix: (subject, index) => KINDS[index % KINDS.length]?.(subject, index) ?? Promise.resolve(),
}

const ALL = Object.keys(LOADS)
const OWN = { connectTimeoutMs: CONNECT_TIMEOUT_MS }
const PLACES = [
  { name: 'a pool of two', options: { ...OWN, max: 2 }, loads: ALL },
  { name: 'a pool of one', options: { ...OWN, max: 1 }, loads: ['transactions', 'mix'] },
  { name: 'a lent pool of two', options: { lent: 2 }, loads: ['transactions', 'mix'] },
  { name: 'a lent pool of one', options: { lent: 1 }, loads: ['transactions', 'mix'] },
]

/** What may become of a call when there are too many. */
const EXPECTED = ['ok', 'TIMEOUT', 'LIMIT_EXCEEDED', 'CONFLICT']

/** Calls all at once, and says what became of them, how long the last took, and how much memory it took. */
async function crowd(subject: Rig, call: (subject: Rig, index: number) => Promise<unknown>) {
  const before = heapAfterCollection()
  const start = performance.now()
  let highest = 0
  const calls = Array.from({ length: CALLERS }, (_, index) => fate(call(subject, index)))
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().heapUsed)
  }, 50)
  const fates = tally(await Promise.all(calls))
  clearInterval(watch)
  return { fates, ms: performance.now() - start, grown: (highest - before) / MEGABYTE }
}

test.each(PLACES)('$name and thousands of callers', async ({ name, options, loads }) => {
  await using subject = await rig(await database(), { ...options, timeoutMs: TIMEOUT_MS })
  await subject.put('first')
  const heap = heapAfterCollection()
  for (const load of loads) {
    const { fates, ms, grown } = await crowd(subject, LOADS[load] ?? WORK.puts)
    const note = `${name}, ${load}: ${JSON.stringify(fates)} in ${ms.toFixed()} ms, ${grown.toFixed()} MB`
    if (process.env.COFFER_TEST_VERBOSE !== undefined) console.log(note)
    expect(
      Object.keys(fates).filter((each) => !EXPECTED.includes(each)),
      note,
    ).toEqual([])
    expect(fates.ok, note).toBeGreaterThan(0)
    // A lent pool is waited for ten seconds; what core bounds ends sooner, and queries of thousands are done by then.
    expect(ms, note).toBeLessThan(TIMEOUT_MS + 4_000)
    expect(grown, note).toBeLessThan(120)
    // Other tests share the machine: what they take of the first second is given once more.
    const first = await timedFate(subject.expectSound(note))
    const recovered = first.fate === 'TIMEOUT' ? await timedFate(subject.expectSound(note)) : first
    expect(recovered.fate, note).toBe('ok')
    expect(recovered.ms, note).toBeLessThan(RECOVERY_MS)
  }
  subject.acknowledged.clear()
  expect((heapAfterCollection() - heap) / MEGABYTE).toBeLessThan(20)
})

test('the line in front of a door is bounded, in order, and loses no place to those who gave up', async () => {
  const entrance = turnstile(2, 3)
  expect([entrance.enter(10), entrance.enter(10)]).toEqual([undefined, undefined])
  const order: string[] = []
  const late = fate(Promise.resolve(entrance.enter(1)))
  const waiting = ['a', 'b'].map((name) =>
    Promise.resolve(entrance.enter(60_000)).then(() => order.push(name)),
  )
  expect(await fate(Promise.resolve().then(() => entrance.enter(10)))).toBe('LIMIT_EXCEEDED')
  expect(await late).toBe('TIMEOUT')
  entrance.leave()
  entrance.leave()
  await Promise.all(waiting)
  expect(order).toEqual(['a', 'b'])
  entrance.leave()
  entrance.leave()
  expect([entrance.enter(10), entrance.enter(10)]).toEqual([undefined, undefined])
  expect(await fate(Promise.resolve(entrance.enter(1)))).toBe('TIMEOUT')
})

/** The promise is a million rows in 96 MB. Half of that, and more than it can hold at once, in rows that are soon made. */
const HEAP_MEGABYTES = 48
const ROWS = 10_000
const FILLER = 6_000

test('walking over more than fits into memory', async () => {
  const place = await database()
  await using subject = await rig(place)
  await subject.put('first')
  await subject.admin.query(
    `INSERT INTO "${subject.schema}".marks
     SELECT (jsonb_populate_record(mark, jsonb_build_object('_id', id, '_doc', jsonb_build_object('id', id, 'group', 'g', 'text', repeat('x', $1))))).*
       FROM "${subject.schema}".marks AS mark, (SELECT lpad(number::text, 9, '0') AS id FROM generate_series(1, $2::int) AS number) AS ids
      WHERE _id = 'first'`,
    [FILLER, ROWS],
  )
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${HEAP_MEGABYTES}`,
    join(import.meta.dirname, 'walker.ts'),
    place.url,
    subject.schema,
  ])
  const { records, bytes } = JSON.parse(stdout)
  expect(records).toBe(ROWS + 1)
  expect(bytes).toBeGreaterThan(HEAP_MEGABYTES * MEGABYTE)
})
