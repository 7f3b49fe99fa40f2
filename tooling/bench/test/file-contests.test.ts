import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { measure } from '../src/contest.ts'
import { fileContests } from '../src/file-contests.ts'
import { openLines, openLinesBeside } from '../src/file-lines.ts'
import { openTrial } from '../src/file-open-trial.ts'
import { type KeyedRival, openLevel, openLmdb } from '../src/file-rivals.ts'
import { temporaryFolder } from '../src/places.ts'
import { type Step, sessionOf, step } from '../src/step.ts'
import { records } from '../src/workload.ts'

const LITTLE = { stored: 20, bulk: 20, depth: 40 }
const EFFORT = { rounds: 1, milliseconds: 1 }

/** What is hard to carry: separators, escapes, and characters of several bytes. */
const hostile: Step = { ...step(7), kind: 'a\tb\\N', tool: `"{'\n\r\\.,}`, arguments: { 'é😀': '\\"' } }

const keyed: readonly (readonly [string, (path: string) => Promise<KeyedRival> | KeyedRival])[] = [
  ['lmdb', openLmdb],
  ['classic-level', openLevel],
]

describe('every contest in a directory', () => {
  it.each(fileContests(LITTLE))('$name runs on both sides', async (contest) => {
    const { coffer, rival } = await measure(contest, EFFORT)
    expect(coffer).toBeGreaterThan(0)
    expect(rival).toBeGreaterThan(0)
  })
})

describe('the trial of opening', () => {
  it.each(['log', 'snapshot'] as const)('opens a %s and tells what it took', async (form) => {
    const { name, open, ratio, work, write, disk, rss, heap, peak } = await openTrial(form, 300).run(EFFORT)
    expect(name).toBe(`file.open:${form}`)
    expect(open).toBeGreaterThan(0)
    expect(ratio).toBeLessThan(1)
    expect(work).toBeGreaterThan(0)
    expect(write).toBeGreaterThan(0)
    expect(disk).toBeGreaterThan(300 * 50)
    expect(rss).toBeGreaterThan(heap)
    expect(peak).toBeGreaterThanOrEqual(rss)
  })
})

describe('a rival gives back what was stored', () => {
  it.each(keyed)('%s, opened again', async (_name, open) => {
    const folder = temporaryFolder()
    try {
      const written = await open(folder.file('rival'))
      await written.putMany(records(0, 20))
      await written.put(hostile)
      expect(written.getSync('nowhere')).toBeUndefined()
      await written.close()

      const opened = await open(folder.file('rival'))
      expect(opened.getSync(hostile.step_id)).toEqual(hostile)
      expect(opened.getSync(step(19).step_id)).toEqual(step(19))
      await opened.close()
    } finally {
      folder.remove()
    }
  })

  it('classic-level, read beside the thread', async () => {
    const folder = temporaryFolder()
    const level = await openLevel(folder.file('rival'))
    try {
      await level.put(hostile)
      expect(await level.get(hostile.step_id)).toEqual(hostile)
    } finally {
      await level.close()
      folder.remove()
    }
  })

  it('lmdb, as a page of one session in the order of time', async () => {
    const folder = temporaryFolder()
    const lmdb = openLmdb(folder.file('rival'))
    try {
      await lmdb.putManyInOrder(records(0, 100).reverse())
      const ofSession = records(0, 100).filter(({ session_id }) => session_id === sessionOf(1))
      expect(ofSession.length).toBeGreaterThan(5)
      expect(lmdb.page(sessionOf(1), 5)).toEqual(ofSession.slice(0, 5))
      expect(lmdb.page(sessionOf(1), 1_000)).toEqual(ofSession)
    } finally {
      await lmdb.close()
      folder.remove()
    }
  })

  it('a file of lines, and one that is written beside the thread', async () => {
    const folder = temporaryFolder()
    try {
      const lines = openLines(folder.file('lines'))
      lines.put(step(0))
      lines.putMany([hostile, step(1)])
      lines.close()
      expect(linesOf(folder.file('lines'))).toEqual([step(0), hostile, step(1)])

      const beside = await openLinesBeside(folder.file('beside'))
      await beside.put(hostile)
      await beside.put(step(1))
      await beside.close()
      expect(linesOf(folder.file('beside'))).toEqual([hostile, step(1)])
    } finally {
      folder.remove()
    }
  })
})

function linesOf(path: string): unknown[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
