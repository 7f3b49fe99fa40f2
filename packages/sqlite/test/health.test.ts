/** What is good, what is to be watched and what is bad, of each thing that is looked at. */

import { expect, test } from 'vitest'
import { checksOf, type FileFindings, type Findings } from '../src/health.ts'

const MIB = 1_024 * 1_024

const FILE: FileFindings = {
  readOnly: false,
  durability: 'power',
  synchronous: 2,
  journalMode: 'wal',
  logBytes: 0,
  databaseBytes: 100 * MIB,
  freeDiskBytes: 1_000 * MIB,
  modes: [{ path: '/data/notes.db', mode: 0o100600 }],
  wantsReserve: true,
  hasReserve: true,
}

const SOUND: Findings = {
  version: '3.54.1',
  file: FILE,
  pageBytes: 100 * MIB,
  freePageBytes: 0,
  lost: [],
  unguarded: [],
  lacking: [],
  stale: [],
}

const TOPICS = [
  'version',
  'durability',
  'journal',
  'log',
  'permissions',
  'disk',
  'reserve',
  'free pages',
  'tables',
  'guards',
  'index',
  'layouts',
]

test('all is good of a sound database', () => {
  expect(checksOf(SOUND).map(({ topic, state }) => [topic, state])).toEqual(
    TOPICS.map((topic) => [topic, 'good']),
  )
})

test('of a database in memory nothing is said that is of files', () => {
  const topics = checksOf({ ...SOUND, file: undefined }).map(({ topic }) => topic)
  expect(topics).toEqual(['version', 'free pages', 'tables', 'guards', 'index', 'layouts'])
})

const OF_FILES: readonly (readonly [string, string, Partial<FileFindings>])[] = [
  ['durability', 'bad', { synchronous: 1 }],
  ['durability', 'warning', { durability: 'process', synchronous: 1 }],
  ['durability', 'bad', { durability: 'none', synchronous: 0 }],
  ['journal', 'warning', { journalMode: 'delete' }],
  ['log', 'warning', { logBytes: 64 * MIB }],
  ['log', 'bad', { logBytes: 1_024 * MIB }],
  ['log', 'bad', { logBytes: Number.POSITIVE_INFINITY }],
  ['permissions', 'warning', { modes: [{ path: '/data/notes.db-wal', mode: 0o100640 }] }],
  ['permissions', 'bad', { modes: [{ path: '/data/notes.db-shm', mode: 0o100604 }] }],
  ['disk', 'warning', { freeDiskBytes: 63 * MIB }],
  ['disk', 'warning', { freeDiskBytes: 90 * MIB, databaseBytes: 1_000 * MIB }],
  ['disk', 'bad', { freeDiskBytes: 15 * MIB }],
  ['reserve', 'warning', { hasReserve: false }],
]
const OF_DATABASES: readonly (readonly [string, string, Partial<Findings>])[] = [
  ['version', 'bad', { version: '3.51.2' }],
  ['free pages', 'warning', { freePageBytes: 30 * MIB }],
  ['tables', 'bad', { lost: ['notes'] }],
  ['guards', 'bad', { unguarded: ['audit'] }],
  ['index', 'bad', { lacking: ['notes$$author'] }],
  ['layouts', 'warning', { stale: ['notes'] }],
]
const cases = [
  ...OF_FILES.map(
    ([topic, state, file]) => [topic, state, { ...SOUND, file: { ...FILE, ...file } }] as const,
  ),
  ...OF_DATABASES.map(([topic, state, change]) => [topic, state, { ...SOUND, ...change }] as const),
]

test.each(cases)('%s is %s where it has to be, alone, with advice', (topic, state, findings) => {
  const told = checksOf(findings).filter((check) => check.state !== 'good')
  expect(told).toEqual([{ topic, state, says: expect.any(String), advice: expect.any(String) }])
})

const FINE: readonly (readonly [string, Findings])[] = [
  ['free pages of a small file', { ...SOUND, pageBytes: 20 * MIB, freePageBytes: 15 * MIB }],
  ['a small part of free pages', { ...SOUND, freePageBytes: 20 * MIB }],
  [
    'a store that only reads',
    { ...SOUND, file: { ...FILE, readOnly: true, synchronous: 0, wantsReserve: false } },
  ],
  ['a file system that says nothing', { ...SOUND, file: { ...FILE, freeDiskBytes: undefined } }],
]

test.each(FINE)('%s is good', (_, findings) => {
  expect(checksOf(findings).every(({ state }) => state === 'good')).toBe(true)
})

test('room is told as the file backend and the command line tell it', () => {
  const disk = checksOf({ ...SOUND, file: { ...FILE, freeDiskBytes: 81_390_400_000 } }).find(
    ({ topic }) => topic === 'disk',
  )
  expect(disk?.says).toBe('81,390 MB are free on the disk')
})

test('of many names some are shown', () => {
  const says = checksOf({ ...SOUND, stale: ['a', 'b', 'c', 'd', 'e', 'f'] }).at(-1)?.says
  expect(says).toBe('rows of a, b, c, d, 2 more await their rewriting for a changed definition')
})
