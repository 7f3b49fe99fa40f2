import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { type BaseStore, createStore, defineLog } from '@coffer/core'
import { memory } from '@coffer/memory'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { backup, contentHash, readManifest, verifyArchive } from '../src/index.ts'
import { partsOf } from './archive-kit.ts'
import { aNote, fill, notes, storeOn } from './filled-store.ts'
import { testFolder } from './places.ts'

async function filled(count?: number): Promise<BaseStore> {
  const store = storeOn({ type: 'memory' })
  await fill(store, count)
  return store
}

test('a backup is one file, named after the instant by the store’s clock, for its owner alone', async () => {
  using folder = testFolder()
  await using store = await filled()
  const out = join(folder.path, 'new', 'backups')
  const umask = process.umask(0)
  const made = await backup(store, { out }).finally(() => process.umask(umask))
  expect(readdirSync(out)).toEqual(['coffer-20261121T151612Z.tar'])
  expect(made).toEqual({
    path: join(out, 'coffer-20261121T151612Z.tar'),
    name: 'coffer-20261121T151612Z.tar',
    createdAt: new Date('2026-11-21T15:16:12.000Z'),
    format: 'archive',
    bytes: statSync(made.path).size,
    rows: 72,
    contentHash: await contentHash(store),
  })
  expect([made.path, out].map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(['600', '700'])
})

test('a folder that is there keeps its permissions', async () => {
  using folder = testFolder()
  await using store = await filled()
  const out = join(folder.path, 'shared')
  mkdirSync(out)
  chmodSync(out, 0o750)
  await backup(store, { out })
  expect((statSync(out).mode & 0o777).toString(8)).toBe('750')
})

test('backups of one second have names of their own, and no file is written over', async () => {
  using folder = testFolder()
  await using store = await filled()
  writeFileSync(join(folder.path, 'coffer-20261121T151612Z.tar'), 'mine')
  const made = await Promise.all([1, 2, 3].map(() => backup(store, { out: folder.path })))
  expect(made.map(({ name }) => name).sort()).toEqual([
    'coffer-20261121T151612Z-2.tar',
    'coffer-20261121T151612Z-3.tar',
    'coffer-20261121T151612Z-4.tar',
  ])
  expect(readFileSync(join(folder.path, 'coffer-20261121T151612Z.tar'), 'utf8')).toBe('mine')
})

test('tar and zstd read it: one line a row, the document last and as it is stored', async () => {
  using folder = testFolder()
  await using store = await filled()
  const { path } = await backup(store, { out: folder.path })
  const names = execFileSync('tar', ['tf', path], { encoding: 'utf8' }).trim().split('\n')
  expect(names).toEqual([
    'rows/events/000001.jsonl.zst',
    'rows/events_heads/000001.jsonl.zst',
    'rows/notes/000001.jsonl.zst',
    'rows/notes__history/000001.jsonl.zst',
    'rows/tasks/000001.jsonl.zst',
    'floors/tasks/000001.jsonl.zst',
    'manifest.json',
  ])
  const tasks = execFileSync('tar', ['xOf', path, 'rows/tasks/000001.jsonl.zst'])
  expect(zstdDecompressSync(tasks).toString()).toBe(
    '["default","brief",4,1795274172000,1795274172000,1795274172001,null,1,null,[false,1],' +
      '{"name":"brief","done":false,"count":1}]\n',
  )
})

test.each([
  ['gzip', '.jsonl.gz', gunzipSync],
  ['none', '.jsonl', (data: Buffer) => data],
] as const)('%s is another way to keep it', async (compression, ending, expand) => {
  using folder = testFolder()
  await using store = await filled()
  const { path, contentHash } = await backup(store, { out: folder.path, compression })
  const [first] = await partsOf(path)
  expect(first?.name).toBe(`rows/events/000001${ending}`)
  expect(
    expand(first?.data as Buffer)
      .toString()
      .split('\n'),
  ).toHaveLength(4)
  expect(await verifyArchive(path)).toMatchObject({ compression, contentHash })
})

test('the manifest tells what it was made of, and the heads of logs, but no address', async () => {
  using folder = testFolder()
  await using store = storeOn({ type: 'sqlite', path: join(folder.path, 'secret-place.db') })
  await fill(store)
  const { path } = await backup(store, { out: folder.path })
  const summary = await readManifest(path)
  expect(summary).toMatchObject({
    backend: 'sqlite',
    rows: 72,
    layouts: [
      { name: 'events', rows: 3, tenants: 2, stale: false },
      { name: 'events_heads' },
      { name: 'notes', rows: 32, tenants: 2 },
      { name: 'notes__history', rows: 34 },
      { name: 'tasks', rows: 1, tenants: 1 },
    ],
    logs: [
      {
        log: 'events',
        streams: 2,
        heads: [
          ['acme', 's-1', 1, expect.stringMatching(/^[0-9a-f]{64}$/)],
          ['default', 's-1', 2, expect.any(String)],
        ],
      },
    ],
  })
  const manifest = (await partsOf(path)).at(-1)?.data.toString()
  expect(manifest).not.toContain('secret-place')
})

test('many heads are counted, and listed as one digest', async () => {
  using folder = testFolder()
  await using store = storeOn({ type: 'memory' })
  const steps = defineLog({
    name: 'steps',
    schema: z.object({ s: z.string(), q: z.int(), h: z.string(), p: z.string() }),
    chain: { stream: 's', sequence: 'q', hash: 'h', previous: 'p' },
  })
  await Promise.all(
    Array.from({ length: 1_001 }, (_none, stream) => store.log(steps).append(`s-${stream}`, [{}] as never)),
  )
  const { path } = await backup(store, { out: folder.path })
  const { logs } = await verifyArchive(path)
  expect(logs).toEqual([{ log: 'steps', streams: 1_001, digest: expect.stringMatching(/^[0-9a-f]{64}$/) }])
})

test('large stores go into many chunks of at most 4 MiB, and large records into chunks of their own', async () => {
  using folder = testFolder()
  await using store = await filled(5)
  const mine = store.collection(notes)
  await mine.putMany(
    Array.from({ length: 40 }, (_none, index) => aNote(`big-${index}`, { text: 'x'.repeat(300_000) })),
  )
  await mine.put(aNote('huge', { text: 'é'.repeat(3_000_000) }))
  const told: number[] = []
  const made = await backup(store, { out: folder.path, onProgress: ({ rows }) => told.push(rows) })
  const parts = (await partsOf(made.path)).filter(({ name }) => name.startsWith('rows/notes/'))
  const sizes = parts.map(({ data }) => zstdDecompressSync(data).length)
  expect(sizes.filter((size) => size > 4 * 1_024 * 1_024)).toEqual([expect.toSatisfy((size) => size > 6e6)])
  expect(sizes.length).toBeGreaterThan(4)
  expect(told.at(-1)).toBe(made.rows)
  expect(await verifyArchive(made.path)).toMatchObject({ contentHash: made.contentHash })
})

test('writes during a backup are not in it', async () => {
  using folder = testFolder()
  await using store = await filled(3_000)
  const before = await contentHash(store)
  let writing: Promise<unknown> | undefined
  const made = await backup(store, {
    out: folder.path,
    onProgress: () => {
      writing ??= store.collection(notes).clear()
    },
  })
  await writing
  expect(made.contentHash).toBe(before)
  expect(await contentHash(store)).not.toBe(before)
})

test('an abort stops it and leaves nothing behind', async () => {
  using folder = testFolder()
  await using store = await filled(3_000)
  const stop = new AbortController()
  const stopped = backup(store, { out: folder.path, signal: stop.signal, onProgress: () => stop.abort() })
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  expect(readdirSync(folder.path)).toEqual([])
})

test('a failure of the store leaves nothing behind', async () => {
  using folder = testFolder()
  const backend = memory()
  const contents = backend.contents
  if (contents === undefined) throw new Error('memory has contents')
  await using store = createStore({
    backend: {
      ...backend,
      contents: {
        ...contents,
        snapshot: (run) =>
          contents.snapshot((snapshot) =>
            run({
              ...snapshot,
              rows: async (layout, after, limit) => {
                if (after !== undefined) throw new Error('the disk is gone')
                return snapshot.rows(layout, after, limit)
              },
            }),
          ),
      },
    },
  })
  await fill(store, 100)
  await expect(backup(store, { out: folder.path })).rejects.toMatchObject({ code: 'INTERNAL' })
  expect(readdirSync(folder.path)).toEqual([])
})

test('options are checked before anything is made', async () => {
  using folder = testFolder()
  await using store = await filled()
  const out = join(folder.path, 'none')
  const refused = [{ out: '' }, { out, compression: 'xz' }, { out, format: 'zip' }]
  for (const options of refused) {
    await expect(backup(store, options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
  expect(readdirSync(folder.path)).toEqual([])
})

test('an empty store has a backup too', async () => {
  using folder = testFolder()
  await using store = createStore({ type: 'memory' })
  const { path } = await backup(store, { out: folder.path })
  expect(await verifyArchive(path)).toMatchObject({ rows: 0, layouts: [] })
})

test('a backend without a form of its own says so, and nothing is left', async () => {
  using folder = testFolder()
  await using store = await filled()
  const made = backup(store, { out: folder.path, format: 'native' })
  await expect(made).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  expect(readdirSync(folder.path)).toEqual([])
})

test.each([
  ['is a file', ['taken'], 'INVALID_ARGUMENT', 'taken is a file: name a folder'],
  [
    'lies behind a file',
    ['taken', 'deep'],
    'INVALID_ARGUMENT',
    'taken/deep: a part of the path is no folder',
  ],
  ['has too long a name', ['x'.repeat(300)], 'INVALID_ARGUMENT', 'is too long: name another place'],
])('a folder that %s is refused with what to do', async (_what, parts, code, says) => {
  using folder = testFolder()
  writeFileSync(join(folder.path, 'taken'), '')
  await using store = await filled()
  const out = join(folder.path, ...parts)
  for (const format of ['archive', 'native'] as const) {
    const made = backup(store, { out, format })
    await expect(made).rejects.toMatchObject({ code, message: expect.stringContaining(says) })
  }
})
