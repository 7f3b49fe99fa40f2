/** W5: references that hold when a commit is done, whatever the order of its writes. */

import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { books, restricted } from './reference-collections.ts'

/** W5: references in transactions, and in writes that race. */
export const commitReferenceCases: readonly Case[] = [
  {
    id: 'W5-together-in-either-order',
    clause: 'W5',
    title: 'a transaction may store parent and child in either order',
    run: async (context) => {
      const store = context.store()
      const outer = restricted(store)
      await outer.authors.count()
      await store.transaction(async (tx) => {
        const inner = restricted(tx)
        await inner.authors.insert({ id: 'a' })
        await inner.books.insert({ id: 'x', author: 'a' })
        await inner.books.insert({ id: 'y', author: 'b' })
        await inner.authors.insert({ id: 'b' })
      })
      assert.deepEqual([await outer.authors.count(), await outer.books.count()], [2, 2])
    },
  },
  {
    id: 'W5-removed-in-either-order',
    clause: 'W5',
    title: 'a transaction may delete a record before or after what refers to it',
    run: async (context) => {
      const store = context.store()
      const outer = restricted(store)
      await outer.authors.putMany([{ id: 'a' }, { id: 'b' }])
      await outer.books.putMany([
        { id: 'x', author: 'a' },
        { id: 'y', author: 'b' },
      ])
      await store.transaction(async (tx) => {
        const inner = restricted(tx)
        await inner.authors.delete('a')
        await inner.books.delete('x')
        await inner.books.delete('y')
        await inner.authors.delete('b')
      })
      assert.deepEqual([await outer.authors.count(), await outer.books.count()], [0, 0])
    },
  },
  {
    id: 'W5-at-commit',
    clause: 'W5',
    title: 'a transaction that ends with a bad reference is undone as a whole',
    run: async (context) => {
      const store = context.store()
      const outer = restricted(store)
      await outer.authors.put({ id: 'a' })
      await outer.books.put({ id: 'x', author: 'a' })
      const dangling = store.transaction(async (tx) => {
        await restricted(tx).authors.put({ id: 'b' })
        await restricted(tx).books.put({ id: 'y', author: 'nobody' })
      })
      await assert.rejects(dangling, { code: 'REFERENCE_VIOLATION', collection: 'authors' })
      const abandoned = store.transaction(async (tx) => {
        await restricted(tx).authors.put({ id: 'b' })
        await restricted(tx).authors.delete('a')
      })
      await assert.rejects(abandoned, { code: 'REFERENCE_VIOLATION', collection: 'books' })
      assert.deepEqual((await outer.authors.find()).records, [{ id: 'a' }])
      assert.deepEqual((await outer.books.find()).records, [{ id: 'x', author: 'a' }])
    },
  },
  {
    id: 'W5-replaced',
    clause: 'W5',
    title: 'a transaction may delete a record that is referred to and store it anew',
    run: async (context) => {
      const store = context.store()
      const outer = restricted(store)
      await outer.authors.put({ id: 'a' })
      await outer.books.put({ id: 'x', author: 'a' })
      await store.transaction(async (tx) => {
        await restricted(tx).authors.delete('a')
        await restricted(tx).authors.insert({ id: 'a', born: 1883 })
      })
      assert.deepEqual(await outer.authors.get('a'), { id: 'a', born: 1883 })
    },
  },
  {
    id: 'W5-race',
    clause: 'W5',
    title: 'a deletion and a new reference at once never leave a reference to nothing',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      const ids = Array.from({ length: 32 }, (_, position) => `a${position}`)
      await authors.putMany(ids.map((id) => ({ id })))
      const race = ids.flatMap((id, position) => {
        const pair = [() => authors.delete(id), () => books.put({ id, author: id })]
        return (position % 2 === 0 ? pair : pair.reverse()).map((start) => start())
      })
      for (const result of await Promise.allSettled(race)) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'REFERENCE_VIOLATION')
      }
      for (const id of ids) {
        if (await books.has(id)) assert.equal(await authors.has(id), true, id)
        else assert.equal(await authors.has(id), false, `one of the two must have happened: ${id}`)
      }
    },
  },
  {
    id: 'W5-unknown-collection',
    clause: 'W5',
    title: 'a reference to a collection that the store does not know is refused',
    run: async (context) => {
      const collection = context.store().collection(books)
      await assert.rejects(collection.put({ id: 'x', author: 'a' }), { code: 'INVALID_ARGUMENT' })
    },
  },
]
