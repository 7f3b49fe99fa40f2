import { expect, test } from 'vitest'
import * as z from 'zod'
import { createStore } from '../src/create-store.ts'
import { defineCollection } from '../src/definition.ts'
import { fakeBackend } from './fake-backend.ts'

const authors = defineCollection({ name: 'authors', schema: z.object({ id: z.string() }), key: 'id' })
const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), author: z.string().optional(), reader: z.string().optional() }),
  key: 'id',
  softDelete: true,
  references: { author: { collection: 'authors' }, reader: { collection: 'authors' } },
})

/** Two notes, of authors who are there. */
async function library() {
  let now = 1_000
  const backend = fakeBackend()
  const store = createStore({ backend, clock: { now: () => now } })
  await store.collection(authors).putMany([{ id: 'anna' }, { id: 'bert' }])
  await store.collection(notes).putMany([
    { id: 'n1', author: 'anna' },
    { id: 'n2', author: 'bert', reader: 'anna' },
  ])
  const forget = (id: string) => backend.rows.delete(JSON.stringify(['authors', 'default', id]))
  const pass = (ms: number) => {
    now += ms
  }
  return { backend, store, notes: store.collection(notes), forget, pass }
}

const dangling = (member: string) => `'${member}' refers to no live record of 'authors'`

test('references are in order where every record that is referred to is live', async () => {
  const { notes } = await library()
  expect(await notes.verify({ references: true })).toEqual({ ok: true, checked: 2, damaged: 0, problems: [] })
})

test('a record that refers to one that is gone is told, where that was asked for', async () => {
  const { notes, forget } = await library()
  forget('anna')
  expect((await notes.verify()).ok).toBe(true)
  expect(await notes.verify({ references: true })).toEqual({
    ok: false,
    checked: 2,
    damaged: 2,
    problems: [
      { key: 'n1', problem: dangling('author') },
      { key: 'n2', problem: dangling('reader') },
    ],
  })
  expect((await notes.verify({ key: 'n2', references: true })).problems).toEqual([
    { key: 'n2', problem: dangling('reader') },
  ])
})

test('a record that refers to one past its deadline is told', async () => {
  const { store, notes, pass } = await library()
  await store.collection(authors).put({ id: 'bert' }, { ttlMs: 10 })
  pass(10)
  expect((await notes.verify({ references: true })).problems.map(({ key }) => key)).toEqual(['n2'])
})

test('what a soft-deleted record refers to may be gone', async () => {
  const { notes, forget } = await library()
  await notes.delete('n1')
  await notes.delete('n2')
  forget('anna')
  expect(await notes.verify({ references: true })).toMatchObject({ ok: true, checked: 2 })
})

test('a record that goes with what it refers to, while it is looked at, is no damage', async () => {
  const { backend, notes, forget } = await library()
  const store = createStore({ backend })
  const watched = store.collection(notes.definition)
  store.collection(authors)
  backend.hooks.read = () => {
    forget('bert')
    backend.rows.delete(JSON.stringify(['notes', 'default', 'n2']))
  }
  expect(await watched.verify({ references: true })).toMatchObject({ ok: true, checked: 2 })
})

test('a damaged record that refers to nothing counts once', async () => {
  const { backend, notes, forget } = await library()
  forget('anna')
  for (const [name, row] of backend.rows) {
    if (row.id === 'n1') backend.rows.set(name, { ...row, document: '{' })
  }
  const report = await notes.verify({ references: true })
  expect(report.problems.filter(({ key }) => key === 'n1')).toEqual([
    { key: 'n1', problem: expect.stringContaining('not JSON') },
  ])
})

test('references to a collection that the store does not know are refused', async () => {
  const collection = createStore({ backend: fakeBackend() }).collection(notes)
  await expect(collection.verify({ references: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('a check tells how far it is', async () => {
  const { notes } = await library()
  await notes.putMany(Array.from({ length: 60 }, (_each, n) => ({ id: `m${n}` })))
  const seen: number[] = []
  await notes.verify({ onProgress: (checked) => seen.push(checked) })
  expect(seen).toEqual([4, 12, 28, 60, 62])
})

test.each<[string, object]>([
  ['an unknown option', { reference: true }],
  ['references as text', { references: 'yes' }],
  ['an onProgress that is none', { onProgress: 1 }],
  ['an empty key', { key: '' }],
])('verify is refused with %s', async (_name, options) => {
  const { notes } = await library()
  await expect(notes.verify(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
