/** Logs that were left behind by a process that died: damaged, torn, and with the remains of others. */

import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { sqlite } from '../src/index.ts'
import { AT, group, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const HEADER_BYTES = 32
const FRAME_BYTES = 24 + 4_096
const COMMITS = 12

/** Takes the files as a process leaves them that is killed now. */
function copyAsIs(from: string, to: string): void {
  for (const end of ['', '-wal']) copyFileSync(`${from}${end}`, `${to}${end}`)
}

/** A database whose process died after some commits, `k0`, `k1` and so on, and where in the log each of them ends. */
async function leftBehind() {
  const [live, path] = [temporaryPath(), temporaryPath()]
  const backend = await opened({ path: live })
  const ends: number[] = []
  for (let index = 0; index < COMMITS; index++) {
    await backend.write([group(put(`k${index}`))], AT)
    ends.push(readFileSync(`${live}-wal`).length)
  }
  copyAsIs(live, path)
  return { path, log: `${path}-wal`, ends }
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0b100, offset)
  writeFileSync(path, bytes)
}

/** Commits a change and answers where it ends in the log, of which nothing is written back. */
function commitTo(path: string, statement: string): number {
  const connection = rawConnection(path)
  connection.pragma('wal_autocheckpoint = 0')
  connection.exec(statement)
  const frames = connection.prepare<[], [number, number, number]>('PRAGMA wal_checkpoint(NOOP)').raw().get()
  return HEADER_BYTES + (frames?.[1] ?? 0) * FRAME_BYTES
}

/** What opening comes to: the keys that are there, or the error. */
async function open(path: string, durability: 'power' | 'process' = 'power'): Promise<unknown> {
  const backend = sqlite({ path, durability })
  onTestFinished(() => backend.close())
  try {
    await backend.open([NOTES])
    const rows = await backend.read(
      NOTES,
      Array.from({ length: COMMITS }, (_, index) => put(`k${index}`)),
    )
    return rows.flatMap((row) => row?.id ?? [])
  } catch (error) {
    return error
  } finally {
    await backend.close()
  }
}

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `k${index}`)
}

test.each(
  // The magic number, the size of a page, the salt, the sums; then in the first frame: page, salt, sums, content.
  [1, 9, 17, 25, 33, 37, 41, 49, 56, 3_000],
)('a flipped bit in byte %d of the log is told, and the log is kept', async (offset) => {
  const { path, log } = await leftBehind()
  flip(log, offset)
  const before = readFileSync(log)
  expect(await open(path)).toMatchObject({
    code: 'CORRUPT',
    message: expect.stringMatching(/test\.db-wal is damaged at byte \d+/),
  })
  expect(await open(path)).toMatchObject({ code: 'CORRUPT' })
  expect(readFileSync(log).equals(before)).toBe(true)
  flip(log, offset)
  expect(await open(path)).toEqual(keys(COMMITS))
})

test('the offset is that of the frame', async () => {
  const { path, log, ends } = await leftBehind()
  const frames = ((ends[3] ?? 0) - HEADER_BYTES) / FRAME_BYTES
  flip(log, (ends[3] ?? 0) + 100)
  expect(await open(path)).toMatchObject({
    message: expect.stringContaining(`at byte ${HEADER_BYTES + frames * FRAME_BYTES},`),
  })
})

test.each([1, 20, 100, 5_000])('an end that is torn off by %d bytes is cut', async (bytes) => {
  const { path, log, ends } = await leftBehind()
  const [secondLast = 0, last = 0] = ends.slice(-2)
  truncateSync(log, Math.max(secondLast, last - bytes))
  expect(await open(path)).toEqual(keys(COMMITS - 1))
})

test('the last commit can not be told from one that was never complete', async () => {
  const { path, log, ends } = await leftBehind()
  flip(log, (ends.at(-1) ?? 0) - 100)
  expect(await open(path)).toEqual(keys(COMMITS - 1))
})

test('where commits are not synced, a power cut may leave the same, and the rest is cut', async () => {
  const { path, log, ends } = await leftBehind()
  flip(log, (ends[3] ?? 0) + 100)
  expect(await open(path, 'process')).toEqual(keys(4))
})

test('remains of writers who were killed one after the other are no damage', async () => {
  const { path, log } = await leftBehind()
  let at = path
  // Each is killed when its commit is in the log and not yet in the index; the next overwrites the beginning of it.
  for (const pages of [40, 20, 8]) {
    const [torn, next] = [temporaryPath(), temporaryPath()]
    copyAsIs(at, torn)
    commitTo(torn, `UPDATE notes SET _doc = '{"text":"${'x'.repeat(pages * 4_096)}"}' WHERE _id = 'k1'`)
    const remains = readFileSync(`${torn}-wal`)
    expect(remains.equals(readFileSync(`${at}-wal`))).toBe(false)
    copyAsIs(at, next)
    const end = commitTo(next, `UPDATE notes SET score = ${pages} WHERE _id = 'k0'`)
    const written = readFileSync(`${next}-wal`).subarray(0, end)
    at = temporaryPath()
    copyAsIs(next, at)
    writeFileSync(`${at}-wal`, Buffer.concat([written, remains.subarray(end)]))
  }
  expect(readFileSync(`${at}-wal`).length).toBeGreaterThan(readFileSync(log).length)
  expect(await open(at)).toEqual(keys(COMMITS))
})

test('a store that only reads is told too, and leaves everything as it is', async () => {
  const { path, log } = await leftBehind()
  flip(log, 100)
  const reader = sqlite({ path, readOnly: true })
  onTestFinished(() => reader.close())
  await expect(reader.open([NOTES])).rejects.toMatchObject({ code: 'CORRUPT' })
  expect(existsSync(log)).toBe(true)
})
