import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStore } from '@coffer/core'
import { expect, test } from 'vitest'
import { backup, listBackups, listLeftovers, rotateBackups } from '../src/index.ts'
import { archiveOf, partsOf, withManifest } from './archive-kit.ts'
import { Clock, fill, START, storeOn } from './filled-store.ts'
import { testFolder } from './places.ts'

const DAY = 86_400_000

/** Makes a backup on each of so many days, and answers their names, the newest first. */
async function daily(folder: string, days: number): Promise<string[]> {
  const clock = new Clock()
  await using store = storeOn({ type: 'memory' }, clock)
  await fill(store)
  const names: string[] = []
  for (let day = 0; day < days; day++) {
    clock.at = START + day * DAY
    names.unshift((await backup(store, { out: folder })).name)
  }
  return names
}

/** One bit in the middle, which only reading all of it shows. */
function flip(path: string): void {
  const data = readFileSync(path)
  data[600] = (data[600] ?? 0) ^ 1
  writeFileSync(path, data)
}

function spoil(path: string): void {
  writeFileSync(path, readFileSync(path).subarray(0, -600))
}

test('backups are listed, the newest first, and files of others are passed over', async () => {
  using folder = testFolder()
  const names = await daily(folder.path, 3)
  for (const name of [
    'notes.txt',
    'other.tar',
    '.coffer-20261121T151612Z.tar.1-x.partial',
    'coffer-20261341T996612Z.tar',
  ]) {
    writeFileSync(join(folder.path, name), 'x')
  }
  mkdirSync(join(folder.path, 'coffer-20261121T151619Z.tar'))
  spoil(join(folder.path, names[1] as string))
  const listed = await listBackups(folder.path)
  expect(listed.map(({ name }) => name)).toEqual(names)
  expect(listed[0]).toEqual({
    name: 'coffer-20261123T151612Z.tar',
    path: join(folder.path, 'coffer-20261123T151612Z.tar'),
    createdAt: new Date(START + 2 * DAY),
    bytes: expect.any(Number),
    format: 'archive',
    rows: 72,
    collections: 5,
    state: 'good',
    problem: undefined,
  })
  expect(listed[1]).toMatchObject({
    state: 'damaged',
    problem: expect.stringContaining('cut off'),
    rows: undefined,
  })
})

test('backups of one second are listed in the order in which they were made', async () => {
  using folder = testFolder()
  await using store = createStore({ type: 'memory', clock: new Clock() })
  for (let made = 0; made < 11; made++) await backup(store, { out: folder.path })
  const names = (await listBackups(folder.path)).map(({ name }) => name)
  expect(names[0]).toBe('coffer-20261121T151612Z-11.tar')
  expect(names.at(-1)).toBe('coffer-20261121T151612Z.tar')
})

test('native backups are listed by the note beside them', async () => {
  using folder = testFolder()
  const out = join(folder.path, 'out')
  await using store = storeOn({ type: 'sqlite', path: join(folder.path, 'store.db') })
  await fill(store)
  const [first, second] = [
    await backup(store, { out, format: 'native' }),
    await backup(store, { out, format: 'native' }),
  ]
  writeFileSync(`${first.path}.json`, '{}')
  expect(await listBackups(out)).toMatchObject([
    { name: second.name, format: 'sqlite', state: 'good', rows: undefined },
    { name: first.name, format: 'sqlite', state: 'damaged' },
  ])
})

test('a folder that is not there is told', async () => {
  await expect(listBackups('/nowhere/backups')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test.each([
  ['keeps the newest', { keep: 2 }, [2, 3, 4]],
  ['removes what is old', { olderThanMs: 2 * DAY }, [2, 3, 4]],
  ['keeps what either rule keeps', { keep: 4, olderThanMs: DAY }, [4]],
  ['keeps the newest, however old', { olderThanMs: 0 }, [1, 2, 3, 4]],
])('a rotation %s', async (_what, options, gone) => {
  using folder = testFolder()
  const names = await daily(folder.path, 5)
  const now = START + 4 * DAY
  const planned = await rotateBackups(folder.path, { ...options, now, dryRun: true })
  expect(readdirSync(folder.path)).toHaveLength(5)
  const { removed, kept } = await rotateBackups(folder.path, { ...options, now })
  expect(removed.map(({ name }) => names.indexOf(name))).toEqual(gone)
  expect(planned.removed).toEqual(removed)
  expect(readdirSync(folder.path).sort()).toEqual(kept.map(({ name }) => name).sort())
})

test('a damaged backup does not count as one that is kept', async () => {
  using folder = testFolder()
  const names = await daily(folder.path, 4)
  spoil(join(folder.path, names[0] as string))
  const { removed } = await rotateBackups(folder.path, { keep: 2, now: START + 4 * DAY })
  expect(removed.map(({ name }) => names.indexOf(name))).toEqual([3])
})

test('what is of a newer release stays, and so do files of others', async () => {
  using folder = testFolder()
  const names = await daily(folder.path, 3)
  const oldest = join(folder.path, names[2] as string)
  const newer = withManifest(await partsOf(oldest), (manifest) => {
    Object.assign(manifest, { formatVersion: 2 })
  })
  writeFileSync(oldest, await archiveOf(newer))
  writeFileSync(join(folder.path, 'notes.txt'), 'mine')
  const { removed } = await rotateBackups(folder.path, { keep: 1, now: START + 4 * DAY })
  expect(removed.map(({ name }) => name)).toEqual([names[1]])
  expect(readdirSync(folder.path).sort()).toEqual([names[2], names[0], 'notes.txt'].sort())
})

test('a rotation without a rule, or with one that would keep nothing, is refused', async () => {
  using folder = testFolder()
  for (const options of [{}, { keep: 0 }, { keep: 1.5 }, { olderThanMs: -1 }, { olderThanMs: Number.NaN }]) {
    await expect(rotateBackups(folder.path, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test('a native backup goes with the note beside it', async () => {
  using folder = testFolder()
  const out = join(folder.path, 'out')
  await using store = storeOn({ type: 'sqlite', path: join(folder.path, 'store.db') })
  await fill(store)
  for (let made = 0; made < 2; made++) await backup(store, { out, format: 'native' })
  await rotateBackups(out, { keep: 1, now: START })
  expect(readdirSync(out)).toEqual([
    'coffer-20261121T151612Z-2.sqlite',
    'coffer-20261121T151612Z-2.sqlite.json',
  ])
})

test('a rotation that proves counts only what it has proven', async () => {
  using folder = testFolder()
  const names = await daily(folder.path, 4)
  flip(join(folder.path, names[0] as string))
  const { removed, kept } = await rotateBackups(folder.path, { keep: 1, prove: true, now: START + 4 * DAY })
  expect(removed.map(({ name }) => name)).toEqual([names[2], names[3]])
  expect(kept).toMatchObject([
    { name: names[0], state: 'damaged', problem: expect.stringContaining('does not match its hash') },
    { name: names[1], state: 'good' },
  ])
})

test('a rotation that proves proves all that stays, whichever rule keeps it', async () => {
  using folder = testFolder()
  const names = await daily(folder.path, 3)
  flip(join(folder.path, names[1] as string))
  const options = { keep: 1, olderThanMs: 3 * DAY + 1, prove: true, now: START + 4 * DAY }
  const { removed, kept } = await rotateBackups(folder.path, options)
  expect(removed.map(({ name }) => name)).toEqual([names[2]])
  expect(kept.map(({ state }) => state)).toEqual(['good', 'damaged'])
})

test.each([
  ['all are shown to be damaged', flip, true],
  ['all are damaged', spoil, false],
])('a rotation removes nothing where %s', async (_what, harm, prove) => {
  using folder = testFolder()
  const names = await daily(folder.path, 3)
  for (const name of names) harm(join(folder.path, name))
  const options = { keep: 1, olderThanMs: 0, prove, now: START + 4 * DAY }
  const { removed, kept } = await rotateBackups(folder.path, options)
  expect({ removed, kept: kept.map(({ name }) => name) }).toEqual({ removed: [], kept: names })
  expect(readdirSync(folder.path)).toHaveLength(3)
})

test('what lies ahead of the clock neither counts nor goes, and is told', async () => {
  using folder = testFolder()
  const names = await daily(folder.path, 3)
  const { removed, kept, ahead } = await rotateBackups(folder.path, { keep: 1, now: START + DAY })
  expect(ahead.map(({ name }) => name)).toEqual([names[0]])
  expect(kept.map(({ name }) => name)).toEqual([names[0], names[1]])
  expect(removed.map(({ name }) => name)).toEqual([names[2]])
})

test('clocks that differ by minutes do not matter', async () => {
  using folder = testFolder()
  await daily(folder.path, 1)
  expect(await rotateBackups(folder.path, { keep: 1, now: START - 60_000 })).toMatchObject({ ahead: [] })
})

test('one backup that the system does not let be read hides no other', async () => {
  using folder = testFolder()
  const out = join(folder.path, 'out')
  await using store = storeOn({ type: 'sqlite', path: join(folder.path, 'store.db') })
  const [first, second] = [
    await backup(store, { out, format: 'native' }),
    await backup(store, { out, format: 'native' }),
  ]
  rmSync(`${second.path}.json`)
  mkdirSync(`${second.path}.json`)
  expect(await listBackups(out)).toMatchObject([
    { name: second.name, state: 'unreadable', problem: expect.stringContaining('EISDIR') },
    { name: first.name, state: 'good' },
  ])
})

test('a native backup without its note is unproven, and does not count', async () => {
  using folder = testFolder()
  const out = join(folder.path, 'out')
  await using store = storeOn({ type: 'sqlite', path: join(folder.path, 'store.db') })
  const [first, second] = [
    await backup(store, { out, format: 'native' }),
    await backup(store, { out, format: 'native' }),
  ]
  rmSync(`${second.path}.json`)
  expect(await listBackups(out)).toMatchObject([{ state: 'unproven' }, { state: 'good' }])
  const { removed, kept } = await rotateBackups(out, { keep: 1, now: START })
  expect({ removed, kept: kept.map(({ name }) => name) }).toEqual({
    removed: [],
    kept: [second.name, first.name],
  })
})

test('a note of somebody else that stands where one would does not stop a native backup', async () => {
  using folder = testFolder()
  const out = join(folder.path, 'out')
  await using store = storeOn({ type: 'sqlite', path: join(folder.path, 'store.db') }, new Clock())
  mkdirSync(out)
  const note = join(out, 'coffer-20261121T151612Z.sqlite.json')
  writeFileSync(note, 'mine')
  expect((await backup(store, { out, format: 'native' })).name).toBe('coffer-20261121T151612Z-2.sqlite')
  expect(readFileSync(note, 'utf8')).toBe('mine')
})

test('a file beside an archive that only looks like a note stays', async () => {
  using folder = testFolder()
  const names = await daily(folder.path, 2)
  const beside = `${names[1]}.json`
  writeFileSync(join(folder.path, beside), 'mine')
  await rotateBackups(folder.path, { keep: 1, now: START + 2 * DAY })
  expect(readdirSync(folder.path).sort()).toEqual([beside, names[0]])
})

test('what killed backups have left is listed, and goes with a rotation once it is old', async () => {
  using folder = testFolder()
  const [name] = await daily(folder.path, 1)
  const now = START + DAY
  /** No process has so high a number. */
  const nobody = 2 ** 30
  const files = [
    [`.coffer-20261121T151612Z.tar.${nobody}-abc.partial`, 2 * 3_600_000],
    [`.coffer-20261121T151612Z.native.${nobody}-abc.partial-journal`, 2 * 3_600_000],
    ['coffer-20261121T151612Z-7.sqlite.json', 2 * 3_600_000],
    [`.coffer-20261121T151612Z.tar.${nobody}-young.partial`, 60_000],
    [`.coffer-20261121T151612Z.tar.${process.pid}-abc.partial`, 2 * 3_600_000],
    [`.coffer-20261121T151612Z.tar.${process.pid}-old.partial`, 2 * DAY],
    ['.coffer-mine.partial', 2 * DAY],
  ] as const
  for (const [file, ageMs] of files) {
    writeFileSync(join(folder.path, file), 'x')
    utimesSync(join(folder.path, file), new Date(now - ageMs), new Date(now - ageMs))
  }
  const dead: string[] = [files[0], files[1], files[5], files[2]].map(([file]) => file).sort()
  const listed = await listLeftovers(folder.path, now)
  expect(listed.filter(({ isDead }) => isDead).map((each) => each.name)).toEqual(dead)
  expect(listed).toHaveLength(6)
  const { leftovers } = await rotateBackups(folder.path, { keep: 1, now })
  expect(leftovers.map((each) => each.name)).toEqual(dead)
  const left = [name, ...files.map(([file]) => file).filter((file) => !dead.includes(file))]
  expect(readdirSync(folder.path).sort()).toEqual(left.sort())
})
