import { expect, test } from 'vitest'
import * as z from 'zod'
import { createStore } from '../src/create-store.ts'
import { type CollectionDefinition, defineCollection } from '../src/definition.ts'
import type { RewriteProgress } from '../src/reindex.ts'
import { fakeBackend } from './fake-backend.ts'
import { type HeldBackend, heldBackend } from './held-backend.ts'

const first = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), by: z.string() }),
  key: 'id',
})
const second = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), author: z.string() }),
  key: 'id',
  fields: { author: 'index' },
  version: 2,
  upgrade: { 1: ({ by, ...rest }) => ({ ...rest, author: by ?? null }) },
})

function storeOf<R, F extends string>(backend: HeldBackend, definition: CollectionDefinition<R, F>) {
  const store = createStore({ backend })
  store.collection(definition)
  return store
}

/** A place with records of two tenants, written for the first version. */
async function oldPlace(count = 3): Promise<HeldBackend> {
  const backend = heldBackend()
  const store = createStore({ backend })
  for (let n = 0; n < count; n++) await store.collection(first).put({ id: `n${n}`, by: 'anna' })
  await store.tenant('acme').collection(first).put({ id: 'theirs', by: 'bert' })
  backend.calls.length = 0
  return backend
}

const rewrittenIds = (backend: HeldBackend) =>
  backend.calls.filter((call) => /^reindex notes (?!finished)/.test(call))

test('a plan tells the steps, the statements and what is unknown, and opens nothing', async () => {
  const backend = await oldPlace()
  const store = createStore({ backend })
  const others = defineCollection({
    name: 'others',
    schema: z.object({ id: z.string() }),
    key: 'id',
    history: true,
  })
  store.collection(others)
  expect(await store.place().plan()).toEqual({
    steps: [
      { collection: 'others', change: 'create', says: 'makes the collection with 0 fields and 0 indexes' },
      { collection: 'others__history', change: 'create', says: 'makes the history of others' },
    ],
    unknown: ['notes'],
    statements: [
      { collection: 'others', statements: ['CREATE others'] },
      { collection: 'others__history', statements: ['CREATE others__history'] },
    ],
  })
  expect(backend.calls).toEqual(['open '])
})

test('where statistics are missing, a plan still knows whether there are records', async () => {
  const backend = await oldPlace()
  const says = (plan: { steps: readonly { change: string; says: string }[] }) =>
    plan.steps.filter(({ change }) => change === 'rewrite').map((step) => step.says)
  expect(says(await storeOf(backend, second).place().plan())).toEqual(['rewrites its records for version 2'])
  backend.rows.clear()
  expect(says(await storeOf(backend, second).place().plan())).toEqual([])
})

test('a plan takes numbers of rows from the inspection', async () => {
  const backend = await oldPlace()
  const size = { layout: 'notes', rows: 4, bytes: null }
  const inspection = { engine: 'fake', facts: {}, bytes: null, clock: null, checks: [] }
  const planned = async (isEstimate: boolean) => {
    const sizes = [{ ...size, isEstimate }]
    const inspected = { ...backend, inspect: async () => ({ ...inspection, sizes }) }
    return (await storeOf(inspected, second).place().plan()).steps.at(-1)
  }
  expect(await planned(false)).toMatchObject({ says: 'rewrites 4 records for version 2', rows: 4 })
  expect(await planned(true)).toMatchObject({ says: 'rewrites about 4 records for version 2', rows: 4 })
})

test('a migration applies its plan, tells how far it is, and leaves nothing to do', async () => {
  const backend = await oldPlace()
  const store = storeOf(backend, second)
  const told: RewriteProgress[] = []
  const report = await store.place().migrate({ onProgress: (progress) => told.push(progress) })
  expect(report.plan.steps.map(({ change }) => change)).toEqual([
    'add-field',
    'add-index',
    'raise-version',
    'rewrite',
  ])
  expect(report.rewritten).toEqual([{ collection: 'notes', seen: 4, rewritten: 4 }])
  expect(told).toEqual([
    { collection: 'notes', done: 1, total: 4 },
    { collection: 'notes', done: 4, total: 4 },
  ])
  expect(await store.collection(second).find({ where: { author: 'anna' } })).toMatchObject({
    records: { length: 3 },
  })
  expect((await store.place().plan()).steps).toEqual([])
})

test('opening a store tells of the rewriting too', async () => {
  const backend = await oldPlace()
  const told: RewriteProgress[] = []
  await storeOf(backend, second).open({ onProgress: (progress) => told.push(progress) })
  expect(told.at(-1)).toEqual({ collection: 'notes', done: 4, total: 4 })
})

test('a migration with nothing to do rewrites nothing', async () => {
  const backend = await oldPlace()
  const report = await storeOf(backend, first).place().migrate()
  expect(report).toEqual({ plan: { steps: [], unknown: [], statements: [] }, rewritten: [] })
  expect(rewrittenIds(backend)).toEqual([])
})

test('rewrite: true goes over every record and writes those of another form', async () => {
  const backend = await oldPlace()
  const store = storeOf(backend, second)
  await store.place().migrate()
  backend.calls.length = 0
  // As an older release writes, which is still at work beside the new one.
  const [name, row] = [...backend.rows][0] ?? []
  if (name === undefined || row === undefined) throw new Error('there are records')
  backend.rows.set(name, { ...row, document: '{"id":"n0","by":"carl"}', fields: [null], schemaVersion: 1 })
  expect((await store.place().migrate()).rewritten).toEqual([])
  const { rewritten } = await store.place().migrate({ rewrite: true })
  expect(rewritten).toEqual([{ collection: 'notes', seen: 4, rewritten: 1 }])
  expect(rewrittenIds(backend)).toEqual(['reindex notes n0'])
  expect(backend.rows.get(name)).toMatchObject({ fields: ['carl'], schemaVersion: 2, version: row.version })
})

test('index fields that no longer say what the record says are taken out anew', async () => {
  const backend = await oldPlace()
  const store = storeOf(backend, second)
  await store.place().migrate()
  for (const [name, row] of backend.rows) backend.rows.set(name, { ...row, fields: ['wrong'] })
  const { rewritten } = await store.place().migrate({ rewrite: true })
  expect(rewritten).toEqual([{ collection: 'notes', seen: 4, rewritten: 4 }])
})

test('what an engine has not rewritten when it was opened is rewritten afterwards', async () => {
  const backend = await oldPlace()
  const lazy = {
    ...backend,
    open: async (layouts: Parameters<HeldBackend['open']>[0]) => backend.open(layouts).then(() => []),
  }
  const { rewritten } = await storeOf(lazy, second).place().migrate()
  expect(rewritten).toEqual([{ collection: 'notes', seen: 4, rewritten: 4 }])
  expect(backend.held.get('notes')?.stale).toBe(false)
})

test('an aborted migration keeps what it has done, and the next one does the rest', async () => {
  const backend = await oldPlace(60)
  const controller = new AbortController()
  const store = storeOf(backend, second)
  const aborted = store.place().migrate({
    signal: controller.signal,
    onProgress: ({ done }) => {
      if (done > 1) controller.abort()
    },
  })
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED', collection: 'notes' })
  expect(backend.held.get('notes')?.stale).toBe(true)
  expect((await store.place().plan()).steps.map(({ change }) => change)).toEqual(['rewrite'])
  expect((await store.place().migrate()).rewritten).toEqual([
    { collection: 'notes', seen: 61, rewritten: 56 },
  ])
})

test('an abort of a migration fails nobody who waits for the same opening', async () => {
  const backend = await oldPlace()
  const store = storeOf(backend, second)
  const controller = new AbortController()
  const migration = store.place().migrate({ signal: controller.signal, onProgress: () => controller.abort() })
  const [aborted, note] = await Promise.allSettled([migration, store.collection(second).get('n0')])
  expect(aborted).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } })
  expect(note).toMatchObject({ status: 'fulfilled', value: { author: 'anna' } })
})

test('records of a newer version are refused before anything is changed', async () => {
  const backend = await oldPlace()
  await storeOf(backend, second).open()
  backend.calls.length = 0
  await expect(storeOf(backend, first).place().migrate()).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message:
      'notes was written by version 2 of its definition, and this program has version 1: use the newer release',
  })
  expect(backend.calls).toEqual(['open '])
})

test('a store that is open for reading only does not migrate', async () => {
  const store = createStore({ type: 'sqlite', path: 'nowhere.db', readOnly: true })
  await expect(store.place().migrate()).rejects.toMatchObject({ code: 'READ_ONLY' })
})

test('a backend that can not tell what it holds can not plan', async () => {
  const place = createStore({ backend: fakeBackend() }).place()
  await expect(place.plan()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  await expect(place.migrate()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

test.each<[string, object]>([
  ['an unknown option', { rewriteAll: true }],
  ['rewrite as text', { rewrite: 'yes' }],
  ['an onProgress that is none', { onProgress: 1 }],
])('migrate is refused with %s', async (_name, options) => {
  const backend = await oldPlace()
  await expect(storeOf(backend, second).place().migrate(options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  expect(backend.calls).toEqual([])
})
