import { expect, test } from 'vitest'
import * as z from 'zod'
import type { Backend, ReadOptions } from '../src/backend.ts'
import { createStore } from '../src/create-store.ts'
import { defineCollection } from '../src/definition.ts'
import { fakeBackend } from './fake-backend.ts'

const notes = defineCollection({ name: 'notes', schema: z.object({ id: z.string() }), key: 'id' })

/** A store whose backend says which calls it got, with what consistency, and for how many keys. */
async function watched({ joinReads = false } = {}) {
  const backend = fakeBackend({}, joinReads)
  const calls: unknown[] = []
  const told = (name: string, options: ReadOptions | undefined, ...more: unknown[]) =>
    calls.push([name, options?.consistency, ...more])
  const watching: Backend = {
    ...backend,
    read: (layout, keys, options) => {
      told('read', options, keys.length)
      return backend.read(layout, keys)
    },
    query: (layout, query, at, options) => {
      told('query', options)
      return backend.query(layout, query, at)
    },
    documents: async (layout, query, at, options) => {
      told('documents', options)
      const { rows, next } = await backend.query(layout, query, at)
      return { documents: rows, more: next !== undefined }
    },
    count: (layout, question, at, options) => {
      told('count', options)
      return backend.count(layout, question, at)
    },
    aggregate: (layout, aggregation, at, options) => {
      told('aggregate', options)
      return backend.aggregate(layout, aggregation, at)
    },
  }
  const store = createStore({ backend: watching })
  const collection = store.collection(notes)
  await collection.put({ id: 'a' })
  return { store, collection, calls }
}

test.each([
  ['eventual', 'eventual'],
  ['strong', undefined],
  [undefined, undefined],
] as const)('a read with consistency %s asks the backend for %s', async (consistency, asked) => {
  const { store, collection, calls } = await watched()
  await collection.get('a', { consistency })
  await collection.find({ consistency })
  await collection.findEntries({ consistency })
  await collection.count({}, { consistency })
  await collection.aggregate({ measures: { n: 'count' }, consistency })
  await collection.exists({}, { consistency })
  expect(calls).toEqual([
    ['read', asked, 1],
    ['documents', asked],
    ['query', asked],
    ['count', asked],
    ['aggregate', asked],
    ['query', asked],
  ])
  await store.close()
})

test('eventual reads are joined with one another, and never with strong ones', async () => {
  const { store, collection, calls } = await watched({ joinReads: true })
  await Promise.all(
    (['strong', 'eventual', 'strong', 'eventual', 'eventual'] as const).map((consistency) =>
      collection.get('a', { consistency }),
    ),
  )
  // The first was alone when it came.
  expect(calls).toHaveLength(3)
  expect(calls[0]).toEqual(['read', undefined, 1])
  expect(calls.slice(1)).toEqual(
    expect.arrayContaining([
      ['read', undefined, 1],
      ['read', 'eventual', 3],
    ]),
  )
  await store.close()
})

test('what a write has to read first is read strongly', async () => {
  const { store, collection, calls } = await watched()
  await collection.update('a', (record) => record)
  expect(calls).toEqual([['read', undefined, 1]])
  await store.close()
})
