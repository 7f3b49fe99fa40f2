import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AT, aRun, coffer, file, folder } from './command.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

/** A store with two runs, and a backup of it. @returns the backup's path */
async function backedUp(): Promise<string> {
  await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...AT])
  const { out } = await coffer(['backup', ...AT, '--out', 'backups', '--json'])
  return JSON.parse(out).path
}

test('a backup restores onto another backend, with everything', async () => {
  const path = await backedUp()
  const { code, out, err } = await coffer(['restore', path, '--store', 'file:./data'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^\d+ rows restored in [\d.]+ s\n$/)
  const there = await coffer(['export', '--store', 'file:./data'])
  expect(there).toEqual(await coffer(['export', ...AT]))
})

test('a backup tells its path and its size, as a sentence and as JSON', async () => {
  await backedUp()
  const told = await coffer(['backup', ...AT, '--out', 'backups', '--compression', 'none'])
  expect(told).toMatchObject({ code: 0, err: '' })
  expect(told.out).toMatch(/^backups\/coffer-\d{8}T\d{6}Z(-\d)?\.tar: \d+ rows, [\d.]+ kB in [\d.]+ s\n$/)
  const { out } = await coffer(['backup', ...AT, '--out', 'backups', '--json'])
  expect(JSON.parse(out)).toEqual({
    path: expect.stringMatching(/^backups\/coffer-/),
    name: expect.stringMatching(/^coffer-/),
    created_at: expect.stringMatching(/Z$/),
    format: 'archive',
    bytes: expect.any(Number),
    rows: expect.any(Number),
    content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    seconds: expect.any(Number),
  })
})

test('a native backup of SQLite is a database, with its hash beside it', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
  const { code } = await coffer(['backup', ...AT, '--out', 'backups', '--native'])
  expect(code).toBe(0)
  const [database, note] = readdirSync(join(folder, 'backups')).sort()
  expect([database, note]).toEqual([expect.stringMatching(/\.sqlite$/), `${database}.json`])
  const path = `backups/${database}`
  expect((await coffer(['restore', path, '--check'])).out).toBe('it is as it was written\n')
  expect((await coffer(['restore', path, '--store', 'file:./data'])).code).toBe(0)
  expect(await coffer(['export', '--store', 'file:./data'])).toEqual(await coffer(['export', ...AT]))
})

test('a native backup without its note is restored, and that nothing was compared is told', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
  const { out: made } = await coffer(['backup', ...AT, '--out', 'backups', '--native', '--json'])
  const { path, name } = JSON.parse(made)
  rmSync(join(folder, `${path}.json`))
  const { code, out, err } = await coffer(['restore', path, '--store', 'file:./data', '--json'])
  expect({ code, err: plain(err) }).toEqual({
    code: 0,
    err: `no ${name}.json was beside it, so its hash was not compared `,
  })
  expect(JSON.parse(out)).toMatchObject({ form: 'sqlite', proven: false })
})

test('a store that is not there is not made by a backup', async () => {
  const { code, err } = await coffer(['backup', '--store', 'none.db', '--out', 'backups'])
  expect({ code, err }).toEqual({ code: 2, err: 'coffer: no such store: none.db; coffer init makes one\n' })
  expect(readdirSync(folder)).toEqual([])
})

test('a store with rows is refused, unless it is to be replaced', async () => {
  const path = await backedUp()
  const other = ['--store', 'other.db']
  await coffer(['import', file('more.jsonl', [aRun('s-9')]), ...other])
  const before = await coffer(['export', ...other])
  const refused = await coffer(['restore', path, ...other])
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(await coffer(['export', ...other])).toEqual(before)
  expect((await coffer(['restore', path, '--replace', ...other])).code).toBe(0)
  expect(await coffer(['export', ...other])).toEqual(await coffer(['export', ...AT]))
})

test('a damaged archive is told, and no store is made', async () => {
  const path = await backedUp()
  const data = readFileSync(path)
  data[600] = (data[600] ?? 0) ^ 1
  writeFileSync(path, data)
  for (const command of [
    ['restore', path, '--store', 'new.db'],
    ['restore', path, '--check'],
  ]) {
    const { code, out, err } = await coffer(command)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(plain(err)).toMatch(/^coffer: coffer-\S+\.tar is damaged: rows\/\S+ does not match its hash/)
  }
  expect(existsSync(join(folder, 'new.db'))).toBe(false)
})

test('what is no backup is a mistake of the command line', async () => {
  const { code, err } = await coffer(['restore', file('runs.jsonl', [aRun('s-1')]), '--store', 'new.db'])
  expect(code).toBe(2)
  expect(plain(err)).toContain('coffer import reads those')
})

test.each(['new.db', 'file:./data'])(
  'a restore into %s that has rows says which flag replaces them',
  async (store) => {
    const path = await backedUp()
    await coffer(['restore', path, '--store', store])
    const { code, err } = await coffer(['restore', path, '--store', store])
    expect(code).toBe(1)
    expect(plain(err)).toContain('the store has rows already: name an empty one, or say --replace')
  },
)

test('a check tells what an archive is', async () => {
  const path = await backedUp()
  const { code, out } = await coffer(['restore', path, '--check'])
  expect(code).toBe(0)
  expect(out).toMatch(
    /^of \S+Z, from sqlite: \d+ rows, [\d.]+ kB\ncontent_hash [0-9a-f]{64}\nall in order\n$/,
  )
  const json = JSON.parse((await coffer(['restore', path, '--check', '--json'])).out)
  expect(json).toMatchObject({ ok: true, backend: 'sqlite', content_hash: expect.any(String) })
  expect(json.logs).toContainEqual(expect.objectContaining({ log: 'trace_events', streams: 2 }))
})

test('backups are listed, proven and removed by age and number', async () => {
  for (let made = 0; made < 3; made++) await backedUp()
  const names = JSON.parse((await coffer(['backups', 'backups', '--json'])).out).backups.map(
    ({ name }: { name: string }) => name,
  )
  expect(names).toHaveLength(3)
  const listed = await coffer(['backups', 'backups', '--verify'])
  expect(listed.code).toBe(0)
  expect(listed.out).toMatch(
    /^name +created_at +size +rows +state\n(coffer-\S+\.tar +\S+Z +[\d.]+ kB +\d+ +good\n){3}$/,
  )
  const planned = await coffer(['backups', 'backups', '--keep', '1', '--dry-run'])
  expect(planned.out).toContain(
    `would be removed: ${names[1]}\nwould be removed: ${names[2]}\n2 backups would be`,
  )
  await coffer(['backups', 'backups', '--keep', '2', '--older-than', '0s'])
  expect(readdirSync(join(folder, 'backups')).sort()).toEqual(names.slice(0, 2).sort())
})

test('a backup with a flipped bit passes in a list, and not in a proof', async () => {
  const path = await backedUp()
  const data = readFileSync(path)
  data[600] = (data[600] ?? 0) ^ 1
  writeFileSync(path, data)
  expect((await coffer(['backups', 'backups'])).code).toBe(0)
  const { code, out } = await coffer(['backups', 'backups', '--verify'])
  expect(code).toBe(1)
  expect(plain(out)).toContain('does not match its hash')
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

test.each([
  [['backups', 'none'], /there is no folder none/],
  [['backups', '.', '--keep', '0'], /--keep takes a number from 1/],
  [['backups', '.', '--older-than', '30'], /older-than.*such as 30d/],
  [['backups', '.', '--dry-run'], /--dry-run goes with/],
  [['backup', '--store', 'agents.db'], /--out/],
  [['backup', '--store', 'agents.db', '--out', 'b', '--compression', 'xz'], /zstd, gzip, none/],
  [['restore', 'x.tar', '--check', '--replace'], /say one of them/],
])('%j is told what is wrong with it', async (command, says) => {
  const { code, err } = await coffer(command)
  expect(code).not.toBe(0)
  expect(plain(err)).toMatch(says)
})

test('a copy onto another backend says what it did, and refuses to do it twice', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...AT])
  const { code, out, err } = await coffer(['copy', 'agents.db', 'file:./data'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^\d+ rows copied in [\d.]+ s; verified\n$/)
  expect(await coffer(['export', '--store', 'file:./data'])).toEqual(await coffer(['export', ...AT]))
  const again = await coffer(['copy', 'agents.db', 'file:./data'])
  expect(again.code).toBe(1)
  expect(plain(again.err)).toMatch(/the target holds rows already .* or say --update to make it equal/)
  await coffer(['import', file('more.jsonl', [aRun('s-3')]), ...AT])
  const updated = await coffer(['copy', 'agents.db', 'file:./data', '--update', '--json'])
  const report = JSON.parse(updated.out)
  expect(report).toMatchObject({ ok: true, removed: 0, content_hash: expect.any(String) })
  expect(report.put).toBeGreaterThan(5)
  expect(report.same).toBeGreaterThan(5)
})

test.each([
  ['source', ['postgresql://127.0.0.1:1/agents', 'new.db']],
  ['target', ['agents.db', 'postgresql://127.0.0.1:1/agents']],
])('a copy says that it is the %s that does not answer', async (end, ends) => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
  const { code, out, err } = await coffer(['copy', ...ends, '--json'])
  expect(code).toBe(1)
  expect(plain(err)).toMatch(new RegExp(`^coffer: the ${end}: postgresql: no server answers`))
  expect(JSON.parse(out)).toMatchObject({ ok: false, code: 'UNAVAILABLE' })
  expect(existsSync(join(folder, 'new.db'))).toBe(false)
})

test('a copy of a store that is not there makes nothing', async () => {
  const { code } = await coffer(['copy', 'none.db', 'new.db'])
  expect(code).toBe(2)
  expect(readdirSync(folder)).toEqual([])
})

function flip(path: string): void {
  const data = readFileSync(path)
  data[600] = (data[600] ?? 0) ^ 1
  writeFileSync(path, data)
}

test('a rotation that proves keeps the newest that is proven', async () => {
  for (let made = 0; made < 3; made++) await backedUp()
  const names = readdirSync(join(folder, 'backups'))
  const named = JSON.parse((await coffer(['backups', 'backups', '--json'])).out).backups[0].name
  flip(join(folder, 'backups', named))
  const { code, out } = await coffer(['backups', 'backups', '--keep', '1', '--verify'])
  expect(code).toBe(1)
  const left = readdirSync(join(folder, 'backups'))
  expect(left).toHaveLength(2)
  expect(names).toEqual(expect.arrayContaining(left))
  expect(out.match(new RegExp(`bad  ${named}`, 'g'))).toHaveLength(1)
  expect(out).not.toContain(`${named}: ${named}`)
})

test('a backup of tomorrow is told, and does not make the real ones go', async () => {
  const path = await backedUp()
  const ahead = 'coffer-21261121T151612Z.sqlite'
  writeFileSync(join(folder, 'backups', ahead), 'SQLite format 3\0')
  const { out } = await coffer(['backups', 'backups', '--keep', '1'])
  expect(out).toContain(`${ahead} is ahead of the clock`)
  expect(existsSync(path)).toBe(true)
  const { out: json } = await coffer(['backups', 'backups', '--keep', '1', '--json'])
  expect(JSON.parse(json)).toMatchObject({ ahead: [ahead], removed: [] })
})

test('unfinished files are told', async () => {
  await backedUp()
  const name = '.coffer-20261121T151612Z.tar.1073741824-abc.partial'
  writeFileSync(join(folder, 'backups', name), 'x')
  expect((await coffer(['backups', 'backups'])).out).toContain(`unfinished: ${name}\n`)
})

test.each(['data', 'data/backups', 'link/backups'])(
  'a backup into the directory of a file store is refused, and the store stays usable: %s',
  async (out) => {
    const at = ['--store', 'file:./data']
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    symlinkSync('data', join(folder, 'link'))
    const before = readdirSync(join(folder, 'data'))
    const { code, err } = await coffer(['backup', ...at, '--out', out])
    expect(code).toBe(2)
    expect(plain(err)).toContain('lies in the store')
    expect(readdirSync(join(folder, 'data'))).toEqual(before)
  },
)

test('one store as both ends is refused', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
  symlinkSync('agents.db', join(folder, 'same.db'))
  const before = await coffer(['export', ...AT])
  for (const command of [
    ['copy', 'agents.db', './agents.db', '--update'],
    ['copy', 'agents.db', 'same.db', '--update'],
    ['restore', 'same.db', ...AT, '--replace', '--yes'],
  ]) {
    const { code, err } = await coffer(command)
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('same') })
  }
  expect(await coffer(['export', ...AT])).toEqual(before)
})
