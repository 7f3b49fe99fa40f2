import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createStore } from '@coffer/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backup, restore, verifyArchive } from '../src/index.ts'
import type { Chunk, Manifest, ManifestLayout } from '../src/manifest.ts'
import {
  archiveOf,
  type Line,
  type Part,
  partsOf,
  withChunk,
  withLines,
  withManifest,
} from './archive-kit.ts'
import { fill, storeOn } from './filled-store.ts'
import { testFolder } from './places.ts'

const NOTES = 'rows/notes/000001.jsonl.gz'
const FLOORS = 'floors/tasks/000001.jsonl.gz'
const folder = testFolder()
let parts: Part[]
let whole: Buffer

beforeAll(async () => {
  await using store = storeOn({ type: 'memory' })
  await fill(store)
  const { path } = await backup(store, { out: folder.path, compression: 'gzip' })
  parts = await partsOf(path)
  whole = await archiveOf(parts)
})

afterAll(() => folder[Symbol.dispose]())

const entry = (manifest: Manifest, name: string) =>
  manifest.layouts.find((each) => each.layout.name === name) as ManifestLayout
const firstChunk = (manifest: Manifest) => entry(manifest, 'notes').chunks[0] as Chunk
const manifested = (change: (manifest: Manifest) => void) => archiveOf(withManifest(parts, change))
const lined = (name: string, change: (lines: (readonly unknown[])[]) => readonly Line[]) =>
  archiveOf(withLines(parts, name, change))
/** The first note changed. */
const firstNote = (change: (note: readonly unknown[]) => Line) =>
  lined(NOTES, ([first = [], ...rest]) => [change(first), ...rest])
/** The first note with one of its values replaced. */
const noted = (position: number, value: unknown) => firstNote((note) => note.with(position, value))
/** The first note with its document as a text. */
const documented = (document: string) =>
  firstNote((note) => `${JSON.stringify(note.slice(0, 10)).slice(0, -1)},${document}]`)
const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
const renamed = (name: string) =>
  archiveOf(parts.map((part) => (part.name === NOTES ? { ...part, name } : part)))
const swapped = ([first, second, ...rest]: Part[]) => [second, first, ...rest] as Part[]
const bytes = (text: string) => async () => Buffer.from(text, 'latin1')

const BAD: readonly [what: string, make: () => Promise<Buffer>, code: string, says: RegExp][] = [
  // What is no archive at all.
  ['an empty file', bytes(''), 'INVALID_ARGUMENT', /is empty/],
  ['an SQLite database', bytes(`SQLite format 3\0${'x'.repeat(600)}`), 'INVALID_ARGUMENT', /SQLite database/],
  ['a dump of pg_dump', bytes('PGDMP\x01\x0f'), 'INVALID_ARGUMENT', /pg_dump/],
  ['a compressed archive', async () => gzipSync(whole), 'INVALID_ARGUMENT', /gzip.*gunzip/],
  ['a file of zstd', bytes('\x28\xb5\x2f\xfd....'), 'INVALID_ARGUMENT', /zstd -d/],
  ['JSON lines', bytes('{"id":"a"}\n'), 'INVALID_ARGUMENT', /coffer import/],
  ['a ZIP file', bytes('PK\x03\x04....'), 'INVALID_ARGUMENT', /ZIP/],
  ['any other file', bytes('hello'), 'INVALID_ARGUMENT', /no backup of Coffer/],
  ['zeros', async () => Buffer.alloc(4_096), 'INVALID_ARGUMENT', /no backup of Coffer/],
  // Cut, and longer.
  ['an archive without its end', async () => whole.subarray(0, -1_024), 'CORRUPT', /cut off/],
  ['an archive without its last byte', async () => whole.subarray(0, -1), 'CORRUPT', /cut off/],
  ['an archive cut within a chunk', async () => whole.subarray(0, 700), 'CORRUPT', /cut off/],
  ['an archive cut within a header', async () => whole.subarray(0, 300), 'CORRUPT', /cut off/],
  ['an archive cut between two members', async () => whole.subarray(0, 1_024), 'CORRUPT', /cut off/],
  [
    'an archive with a byte more',
    async () => Buffer.concat([whole, Buffer.alloc(1)]),
    'CORRUPT',
    /behind its end/,
  ],
  ['two archives in one file', async () => Buffer.concat([whole, whole]), 'CORRUPT', /behind its end/],
  ['an archive without its manifest', () => archiveOf(parts.slice(0, -1)), 'CORRUPT', /no manifest/],
  // Members.
  ['a missing member', () => archiveOf(parts.slice(1)), 'CORRUPT', /not where the manifest says/],
  [
    'a member too many',
    () =>
      archiveOf([
        ...parts.slice(0, -1),
        { name: 'rows/x/000001.jsonl.gz', data: gzipSync('') },
        ...parts.slice(-1),
      ]),
    'CORRUPT',
    /does not know rows\/x/,
  ],
  ['members in another order', () => archiveOf(swapped(parts)), 'CORRUPT', /not where the manifest says/],
  ['a member that is there twice', () => archiveOf([parts[0] as Part, ...parts]), 'CORRUPT', /there twice/],
  [
    'a manifest that is there twice',
    () => archiveOf([parts.at(-1) as Part, ...parts]),
    'CORRUPT',
    /something in the padding|behind its end/,
  ],
  ['a member with a path upwards', () => renamed('rows/../../000001.jsonl.gz'), 'CORRUPT', /header/],
  ['a member with an absolute path', () => renamed('/rows/notes/000001.jsonl.gz'), 'CORRUPT', /header/],
  ['a member with another name', () => renamed('notes.jsonl.gz'), 'CORRUPT', /header/],
  [
    'a member that is a link',
    () => archiveOf([{ name: NOTES, data: Buffer.alloc(0) }], { type: 'symlink', linkname: '/etc/passwd' }),
    'CORRUPT',
    /header/,
  ],
  ['headers of another program', () => archiveOf(parts, { mtime: new Date(1_000) }), 'CORRUPT', /header/],
  // The manifest.
  [
    'a manifest that is no JSON',
    () => archiveOf([...parts.slice(0, -1), { name: 'manifest.json', data: Buffer.from('{') }]),
    'CORRUPT',
    /not JSON/,
  ],
  [
    'a manifest of another program',
    () =>
      manifested((manifest) => {
        Object.assign(manifest, { format: 'other' })
      }),
    'CORRUPT',
    /none of Coffer/,
  ],
  [
    'the format of a newer release',
    () =>
      manifested((manifest) => {
        Object.assign(manifest, { formatVersion: 2, release: '9.1.0' })
      }),
    'UNSUPPORTED',
    /format 2 \(written by 9\.1\.0\).*update/,
  ],
  [
    'a manifest with a member too many',
    () =>
      manifested((manifest) => {
        Object.assign(manifest, { more: 1 })
      }),
    'CORRUPT',
    /does not make sense/,
  ],
  [
    'a manifest that was written by hand',
    () =>
      archiveOf(
        parts.map((part) =>
          part.name === 'manifest.json'
            ? { ...part, data: Buffer.from(part.data.toString().replace('"memory"', '"sqlite"')) }
            : part,
        ),
      ),
    'CORRUPT',
    /its own digest/,
  ],
  [
    'a manifest that lies about rows',
    () =>
      manifested((manifest) => {
        entry(manifest, 'notes').rows++
      }),
    'CORRUPT',
    /do not add up/,
  ],
  [
    'a manifest that lies about a chunk’s rows',
    () =>
      manifested((manifest) => {
        entry(manifest, 'notes').rows++
        firstChunk(manifest).rows++
      }),
    'CORRUPT',
    /another number of lines/,
  ],
  [
    'a manifest that lies about tenants',
    () =>
      manifested((manifest) => {
        entry(manifest, 'notes').tenants++
      }),
    'CORRUPT',
    /does not come to/,
  ],
  [
    'a manifest that lies about a length',
    () =>
      manifested((manifest) => {
        firstChunk(manifest).bytes++
      }),
    'CORRUPT',
    /not as long/,
  ],
  [
    'a manifest that lies about heads',
    () =>
      manifested((manifest) => {
        Object.assign(manifest.logs[0]?.heads?.[0] ?? [], { 2: 9 })
      }),
    'CORRUPT',
    /heads of its logs/,
  ],
  [
    'a manifest that leaves a log out',
    () =>
      manifested((manifest) => {
        manifest.logs = []
      }),
    'CORRUPT',
    /heads of its logs/,
  ],
  [
    'a manifest with another content hash',
    () =>
      manifested((manifest) => {
        manifest.contentHash = 'f'.repeat(64)
      }),
    'CORRUPT',
    /content hash/,
  ],
  [
    'a layout with a hostile name',
    () =>
      manifested((manifest) => {
        entry(manifest, 'tasks').layout.name = 'x"; drop'
      }),
    'CORRUPT',
    /does not make sense/,
  ],
  [
    'a layout with an index on nothing',
    () =>
      manifested((manifest) => {
        entry(manifest, 'tasks').layout.indexes = [[7]]
      }),
    'CORRUPT',
    /does not make sense/,
  ],
  [
    'a layout with a field twice',
    () =>
      manifested((manifest) => {
        const { fields } = entry(manifest, 'tasks').layout
        fields.push(...fields.slice(0, 1))
      }),
    'CORRUPT',
    /does not make sense/,
  ],
  [
    'a field of a type that there is not',
    () =>
      manifested((manifest) => {
        Object.assign(entry(manifest, 'tasks').layout.fields[0] ?? {}, { type: 'blob' })
      }),
    'CORRUPT',
    /does not make sense/,
  ],
  [
    'layouts in another order',
    () =>
      manifested((manifest) => {
        manifest.layouts.reverse()
      }),
    'CORRUPT',
    /not in their order/,
  ],
  // What expands to more than is said.
  ['a bomb', () => archiveOf(bomb()), 'CORRUPT', /does not expand to/],
  [
    'a chunk that expands to less',
    () =>
      manifested((manifest) => {
        firstChunk(manifest).expandedBytes++
      }),
    'CORRUPT',
    /does not expand to/,
  ],
  [
    'a chunk larger than there are any',
    () =>
      manifested((manifest) => {
        firstChunk(manifest).expandedBytes = 5e6
      }),
    'CORRUPT',
    /larger than there are any/,
  ],
  // Rows.
  ['a row with too few values', () => firstNote((note) => note.slice(1)), 'CORRUPT', /line 1 .* not a row/],
  ['a line that is no JSON', () => firstNote(() => '['), 'CORRUPT', /line 1 .* not a JSON array/],
  [
    'a row with spaces in it',
    () => firstNote((note) => JSON.stringify(note).replace(',', ', ')),
    'CORRUPT',
    /not written as a row is/,
  ],
  ['a document that is no object', () => noted(10, 'text'), 'CORRUPT', /not written as a row is/],
  ['a document with a NUL', () => noted(10, { a: '\0' }), 'CORRUPT', /line 1/],
  [
    'a document nested very deeply',
    () => documented(`{"a":${deep}}`),
    'CORRUPT',
    /line 1 .* deeper than 128/,
  ],
  ['a number that is none', () => documented('{"a":1e999}'), 'CORRUPT', /line 1 .* number/],
  [
    'a document with two members of one name',
    () => documented('{"a" :"x\\\\","b":[{"c":1,"c":"y\\""}]}'),
    'CORRUPT',
    /line 1 .* two members of one name/,
  ],
  [
    'fields nested very deeply',
    () => firstNote((note) => JSON.stringify(note).replace('["ada"', `[${deep},"ada"`)),
    'CORRUPT',
    /line 1 .* nested deeper/,
  ],
  ['a row without a tenant', () => noted(0, ''), 'CORRUPT', /tenant/],
  ['a key that is too long', () => noted(1, 'k'.repeat(1_025)), 'CORRUPT', /longer than 1024/],
  ['a version below 1', () => noted(2, 0), 'CORRUPT', /version below 1/],
  ['a version that is a fraction', () => noted(2, 1.5), 'CORRUPT', /whole number/],
  ['a time that is a text', () => noted(3, '2026'), 'CORRUPT', /createdAt/],
  ['fields that do not fit their types', () => noted(9, [1, [], 1]), 'CORRUPT', /type of the field 'author'/],
  ['a field that must not be null', () => noted(9, [null, [], 1]), 'CORRUPT', /type of the field 'author'/],
  ['a field too many', () => noted(9, ['ada', [], 1, 1]), 'CORRUPT', /has not the fields/],
  ['keys out of order', () => lined(NOTES, (lines) => lines.reverse()), 'CORRUPT', /must stand before/],
  [
    'a key that is there twice',
    () => lined(NOTES, (lines) => [...lines.slice(0, 1), ...lines]),
    'CORRUPT',
    /stands there twice/,
  ],
  ['a row that says something else', () => noted(10, { id: 'other' }), 'CORRUPT', /does not come to/],
  ['a row that is gone', () => lined(NOTES, (lines) => lines.slice(1)), 'CORRUPT', /does not come to/],
  ['a floor below 1', () => lined(FLOORS, () => [['default', 0]]), 'CORRUPT', /below 1/],
  [
    'floors out of order',
    () =>
      lined(FLOORS, () => [
        ['b', 1],
        ['a', 1],
      ]),
    'CORRUPT',
    /must stand before/,
  ],
  ['a floor that was raised', () => lined(FLOORS, () => [['default', 9]]), 'CORRUPT', /does not come to/],
]

/** A chunk that says truly what it is, but for what it expands to. */
function bomb(): Part[] {
  const before = parts.find(({ name }) => name === NOTES) as Part
  const swollen = parts.map((part) =>
    part === before ? { ...part, data: gzipSync(Buffer.alloc(64e6)) } : part,
  )
  return withManifest(withChunk(swollen, NOTES), (manifest) => {
    const notes = entry(manifest, 'notes')
    Object.assign(notes, { rows: 32 })
    Object.assign(firstChunk(manifest), { rows: 32, expandedBytes: 4_000 })
  })
}

test.each(BAD)(
  '%s is told as what it is, and the target is not even opened',
  async (_what, make, code, says) => {
    const path = join(folder.path, 'bad.tar')
    writeFileSync(path, await make())
    await expect(verifyArchive(path)).rejects.toMatchObject({ code, message: expect.stringMatching(says) })
    const place = join(folder.path, 'target.db')
    await using target = createStore({ type: 'sqlite', path: place })
    await expect(restore(path, target)).rejects.toMatchObject({ code: expect.any(String) })
    expect(existsSync(place)).toBe(false)
  },
)

test('what is put together again as it was is in order', async () => {
  const path = join(folder.path, 'good.tar')
  writeFileSync(
    path,
    await archiveOf(
      withManifest(
        withLines(parts, NOTES, (lines) => lines),
        () => undefined,
      ),
    ),
  )
  await expect(verifyArchive(path)).resolves.toMatchObject({ backend: 'memory' })
})

test('a folder and a file that is not there say what to do', async () => {
  const inside = join(folder.path, 'folder')
  mkdirSync(inside)
  await expect(verifyArchive(inside)).rejects.toMatchObject({
    message: expect.stringContaining('coffer backups'),
  })
  await expect(verifyArchive(join(inside, 'none.tar'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
