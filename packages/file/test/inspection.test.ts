/** What a directory tells of itself: every check can go wrong. */

import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileOptions, Inspection } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../src/node-file-system.ts'
import { compacted, filled, note, plain, storeAt, temporaryPath } from './stores.ts'

/** Writes five times to one record, does something to the directory, and has the store look at it. */
async function inspected(
  change: (basePath: string) => void = () => undefined,
  options: Partial<FileOptions> = {},
  free = 1e12,
): Promise<Inspection> {
  const basePath = temporaryPath()
  const fileSystem = { ...nodeFileSystem, freeBytes: async () => free }
  const store = storeAt(basePath, options, { fileSystem })
  for (let turn = 0; turn < 5; turn++) await store.collection(plain).put(note('n0', `${turn}`))
  change(basePath)
  const inspection = await store.place().inspect()
  if (inspection === undefined) throw new Error('the backend tells nothing')
  return inspection
}

async function stateOf(topic: string, inspecting: Promise<Inspection>): Promise<string | undefined> {
  const check = (await inspecting).checks.find((each) => each.topic === topic)
  // What is not good comes with what to do about it.
  expect(check?.advice === undefined).toBe(check?.state === 'good')
  return check?.state
}

test('a directory that is as it should be is good in every way, and tells its sizes', async () => {
  const { engine, facts, sizes, bytes, checks } = await inspected()
  expect(engine).toBe('file format 1')
  expect(checks.filter(({ state }) => state !== 'good')).toEqual([])
  expect(sizes).toEqual([{ layout: 'plain', rows: 1, isEstimate: false, bytes: null }])
  expect(facts).toMatchObject({
    durability: 'power',
    read_only: false,
    writer: 'this store',
    logs: 1,
    snapshot_bytes: 0,
    commits_since_snapshot: 6,
    reserve_bytes: 65_536,
  })
  expect(bytes).toBe(Number(facts.log_bytes) + 65_536)
})

test('commits are counted from the snapshot on', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  await compacted(basePath)
  const store = storeAt(basePath)
  const before = Number((await store.place().inspect())?.facts.commits_since_snapshot)
  await store.collection(plain).put(note('n9'))
  const { facts } = (await store.place().inspect()) ?? {}
  expect(facts?.commits_since_snapshot).toBe(before + 1)
  expect(Number(facts?.snapshot_bytes)).toBeGreaterThan(0)
})

test('less durability than can be had is told', async () => {
  expect(await stateOf('durability', inspected(undefined, { durability: 'process' }))).toBe('warning')
  expect(await stateOf('durability', inspected(undefined, { durability: 'none' }))).toBe('bad')
})

test('a lock that was lost is told', async () => {
  const takeOver = (basePath: string) => {
    for (const name of readdirSync(basePath)) if (name.startsWith('lock')) rmSync(join(basePath, name))
  }
  expect(await stateOf('lock', inspected(takeOver))).toBe('bad')
})

test('a directory and files that others may use are told, with the command that mends it', async () => {
  const directory = await inspected((basePath) => chmodSync(basePath, 0o755))
  expect(directory.checks.find(({ topic }) => topic === 'permissions')).toMatchObject({
    state: 'warning',
    says: expect.stringContaining('mode 755'),
    advice: expect.stringContaining('chmod 700'),
  })
  const files = await inspected((basePath) => chmodSync(join(basePath, 'log-000001.jsonl'), 0o644))
  expect(files.checks.find(({ topic }) => topic === 'permissions')).toMatchObject({
    state: 'warning',
    says: expect.stringContaining('log-000001.jsonl (mode 644)'),
    advice: expect.stringContaining('chmod 600'),
  })
})

test('a reserve that is gone is told', async () => {
  const remove = (basePath: string) => rmSync(join(basePath, 'reserve'))
  expect(await stateOf('reserve', inspected(remove))).toBe('warning')
})

test('a disk without room for a compaction is told, and one that is full', async () => {
  expect(await stateOf('disk', inspected(undefined, {}, 100))).toBe('warning')
  expect(await stateOf('disk', inspected(undefined, {}, 0))).toBe('bad')
})

test('a compaction that is due and does not come is told', async () => {
  const basePath = temporaryPath()
  const options = { compaction: { minBytes: 0, deadShare: 0.1 } }
  const full = () => Promise.reject(Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }))
  const fileSystem = {
    ...nodeFileSystem,
    open: (path: string, mode: 'read' | 'write' | 'create') =>
      path.includes('snapshot') ? full() : nodeFileSystem.open(path, mode),
  }
  const store = storeAt(basePath, options, { fileSystem })
  for (let turn = 0; turn < 20; turn++) await store.collection(plain).put(note('n0', `${turn}`))
  const { checks = [] } = (await store.place().inspect()) ?? {}
  expect(checks.find(({ topic }) => topic === 'compaction')?.state).toBe('warning')
})

test('what a repair has left is told, and what does not belong there', async () => {
  const keep = (basePath: string) => mkdirSync(join(basePath, 'damaged-2026-01-01'))
  expect(await stateOf('repairs', inspected(keep))).toBe('warning')
  const forget = (basePath: string) => writeFileSync(join(basePath, 'notes.txt'), '')
  expect(await stateOf('files', inspected(forget))).toBe('warning')
})

test('a reader tells who writes', async () => {
  const basePath = temporaryPath()
  const writer = storeAt(basePath)
  await writer.collection(plain).put(note('n0'))
  const reader = storeAt(basePath, { readOnly: true })
  expect((await reader.place().inspect())?.facts).toMatchObject({
    read_only: true,
    writer: expect.stringContaining(`process ${process.pid} on host`),
  })
  await writer.close()
  expect((await reader.place().inspect())?.facts.writer).toBe('nobody')
})

/** A directory with a snapshot and a log, and a store that has it open. */
async function opened(readOnly = false) {
  const basePath = temporaryPath()
  await filled(basePath, 5)
  const snapshot = await compacted(basePath)
  const store = storeAt(basePath, { readOnly })
  if (!readOnly) await store.collection(plain).put(note('n9'))
  else await store.place().layouts()
  return { basePath, snapshot, place: store.place() }
}

/** Flips one bit of a file. */
function flip(path: string, position: number): void {
  const bytes = readFileSync(path)
  const at = position < 0 ? bytes.length + position : position
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

const logIn = (basePath: string) =>
  join(basePath, readdirSync(basePath).findLast((name) => name.startsWith('log-')) ?? '')

test('a check of files that are whole finds nothing, for writers and readers', async () => {
  expect(await (await opened()).place.check()).toEqual([])
  expect(await (await opened(true)).place.check()).toEqual([])
})

test('a check finds a flipped bit of a snapshot, of a log, and of the last commit, with file and offset', async () => {
  const { basePath, snapshot, place } = await opened()
  const log = logIn(basePath)
  flip(join(basePath, snapshot), -20)
  flip(log, -5)
  const problems = (await place.check()) ?? []
  expect(problems).toHaveLength(2)
  expect(problems[0]).toMatch(
    /snapshot-\d+\.jsonl is damaged at byte \d+: the line does not match its checksum/,
  )
  expect(problems[1]).toMatch(
    /log-\d+\.jsonl is damaged at byte [1-9]\d*: the line does not match its checksum/,
  )
})

test('a check finds lines that are missing, from the end or from within', async () => {
  const cut = await opened()
  const bytes = readFileSync(logIn(cut.basePath))
  writeFileSync(logIn(cut.basePath), bytes.subarray(0, bytes.length - 10))
  expect(await cut.place.check()).toHaveLength(1)

  const holed = await opened()
  const path = join(holed.basePath, holed.snapshot)
  const lines = readFileSync(path, 'utf8').split('\n')
  writeFileSync(path, lines.toSpliced(3, 1).join('\n'))
  expect(await holed.place.check()).toEqual([expect.stringContaining('it counts other rows than are there')])
})

test('a check finds a log that is gone', async () => {
  const { basePath, place } = await opened()
  const log = logIn(basePath)
  copyFileSync(log, `${basePath}-log`)
  rmSync(log)
  expect(await place.check()).toEqual([expect.stringContaining(`${log} is damaged at byte 0`)])
})

test('a check passes over what a writer has half written', async () => {
  const { basePath, place } = await opened(true)
  writeFileSync(logIn(basePath), '1234', { flag: 'a' })
  expect(await place.check()).toEqual([])
})

test('a check finds a commit that is missing within a log, and goes on behind damage', async () => {
  const { basePath, place } = await opened(true)
  const log = logIn(basePath)
  const writer = storeAt(basePath)
  for (let turn = 0; turn < 4; turn++) await writer.collection(plain).put(note(`m${turn}`))
  const lines = readFileSync(log, 'utf8').split('\n')
  const commits = lines.flatMap((line, index) => (line.includes('"commit":') && index > 0 ? [index] : []))
  writeFileSync(log, lines.toSpliced(commits[1] ?? 0, 1).join('\n'))
  expect(await place.check()).toEqual([expect.stringMatching(/commit \d+ stands where \d+ has to/)])
})

test('a disk that had no room for the reserve is told as full', async () => {
  const full = () => Promise.reject(Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }))
  const fileSystem = {
    ...nodeFileSystem,
    open: (path: string, mode: 'read' | 'write' | 'create') =>
      path.endsWith('reserve') ? full() : nodeFileSystem.open(path, mode),
  }
  const { checks = [] } = (await storeAt(temporaryPath(), {}, { fileSystem }).place().inspect()) ?? {}
  expect(checks.find(({ topic }) => topic === 'reserve')).toMatchObject({ state: 'bad' })
})
