/** Dumps of pg_dump: run for real against the server of this machine, where there is one with its programs. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStore } from '@coffer/core'
import { createDatabase, NoPostgresError, type PostgresServer, startPostgres } from '@coffer-tooling/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backup, contentHash, restore } from '../src/index.ts'
import { fill, storeOn } from './filled-store.ts'
import { BACKENDS, placeOn, testFolder } from './places.ts'

const NO_PROGRAMS = 'no PostgreSQL with its programs is installed here'
let server: PostgresServer | undefined

beforeAll(async () => {
  server = await startPostgres({ kind: 'system' }).catch((error: unknown) => {
    if (error instanceof NoPostgresError) return undefined
    throw error
  })
  // It makes a cluster, which takes long on a busy machine.
}, 60_000)

afterAll(() => server?.[Symbol.asyncDispose]())

test('a dump has a note of its hash beside it, and restores into another database', async ({ skip }) => {
  const running = server ?? skip(NO_PROGRAMS)
  using folder = testFolder()
  await using from = await createDatabase(running)
  await using to = await createDatabase(running)
  await using store = storeOn({ type: 'postgresql', connectionString: from.url })
  await fill(store)
  const made = await backup(store, { out: folder.path, format: 'native' })
  expect(made).toMatchObject({ name: 'coffer-20261121T151612Z.pgdump', format: 'pg_dump' })
  await using target = storeOn({ type: 'postgresql', connectionString: to.url })
  expect(await restore(made.path, target)).toEqual({
    form: 'pg_dump',
    rows: undefined,
    layouts: 5,
    isProven: true,
  })
  expect(await contentHash(target)).toBe(await contentHash(store))
  await expect(restore(made.path, target)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  rmSync(`${made.path}.json`)
  expect(await restore(made.path, target, { replace: true })).toMatchObject({ isProven: false })
})

test('a dump that was changed is told by its hash, and the target is as it was', async ({ skip }) => {
  const running = server ?? skip(NO_PROGRAMS)
  using folder = testFolder()
  await using database = await createDatabase(running)
  await using store = storeOn({ type: 'postgresql', connectionString: database.url })
  await fill(store)
  const made = await backup(store, { out: folder.path, format: 'native' })
  const before = await contentHash(store)
  const data = readFileSync(made.path)
  const middle = Math.floor(data.length / 2)
  data[middle] = (data[middle] ?? 0) ^ 1
  writeFileSync(made.path, data)
  await using target = storeOn({ type: 'postgresql', connectionString: database.url })
  await expect(restore(made.path, target, { replace: true })).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining('hash'),
  })
  expect(await contentHash(store)).toBe(before)
})

test.each(BACKENDS.filter((backend) => backend !== 'postgresql'))(
  'a dump onto %s is refused, with the way there',
  async (backend) => {
    using folder = testFolder()
    const path = join(folder.path, 'x.pgdump')
    writeFileSync(path, 'PGDMP\x01')
    await using place = await placeOn(backend)
    await using target = createStore(place.config)
    await expect(restore(path, target)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/into PostgreSQL.*coffer copy/),
    })
  },
)

test('a dump that is to be restored after a signal is not', async () => {
  using folder = testFolder()
  const path = join(folder.path, 'x.pgdump')
  writeFileSync(path, 'PGDMP\x01')
  await using target = createStore({ type: 'postgresql', connectionString: 'postgresql://nowhere.invalid/x' })
  await expect(restore(path, target, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORTED',
  })
})
