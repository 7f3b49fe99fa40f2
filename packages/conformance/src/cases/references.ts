/** W5 in one file, because all of it speaks of the same two families of collections. */

import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'

const authors = defineCollection({
  name: 'authors',
  schema: z.object({ id: z.string(), born: z.int().optional() }),
  key: 'id',
  softDelete: true,
})
const books = defineCollection({
  name: 'books',
  schema: z.object({ id: z.string(), author: z.string().nullable().optional() }),
  key: 'id',
  references: { author: { collection: 'authors' } },
})
const reviews = defineCollection({
  name: 'reviews',
  schema: z.object({ id: z.string(), book: z.string() }),
  key: 'id',
  references: { book: { collection: 'books', onDelete: 'restrict' } },
})

/** Authors, whose books may not be left behind, and the books' reviews likewise. */
function restricted(store: BaseStore) {
  return {
    authors: store.collection(authors),
    books: store.collection(books),
    reviews: store.collection(reviews),
  }
}

const folders = defineCollection({ name: 'folders', schema: z.object({ id: z.string() }), key: 'id' })
const files = defineCollection({
  name: 'files',
  schema: z.object({ id: z.string(), folder: z.string() }),
  key: 'id',
  references: { folder: { collection: 'folders', onDelete: 'cascade' } },
  softDelete: true,
})
const pages = defineCollection({
  name: 'pages',
  schema: z.object({ id: z.string(), file: z.string() }),
  key: 'id',
  references: { file: { collection: 'files', onDelete: 'cascade' } },
})
const links = defineCollection({
  name: 'links',
  schema: z.object({ id: z.string(), page: z.string() }),
  key: 'id',
  references: { page: { collection: 'pages', onDelete: 'restrict' } },
})

/** Folders that take their files along, and these their pages; a link keeps its page. */
function cascading(store: BaseStore) {
  return {
    folders: store.collection(folders),
    files: store.collection(files),
    pages: store.collection(pages),
    links: store.collection(links),
  }
}

const nodes = defineCollection({
  name: 'nodes',
  schema: z.object({ id: z.string(), parent: z.string().nullable() }),
  key: 'id',
  references: { parent: { collection: 'nodes', onDelete: 'cascade' } },
})

const restrictCases: readonly Case[] = [
  {
    id: 'W5-missing-parent',
    clause: 'W5',
    title: 'a record that refers to a missing one is refused, and the refusal names the collection',
    run: async (context) => {
      const { books } = restricted(context.store())
      const refusal = { code: 'REFERENCE_VIOLATION', collection: 'authors', keys: ['nobody'] }
      await assert.rejects(books.put({ id: 'b', author: 'nobody' }), refusal)
      await assert.rejects(books.insert({ id: 'b', author: 'nobody' }), refusal)
      assert.equal(await books.count(), 0)
    },
  },
  {
    id: 'W5-parent-there',
    clause: 'W5',
    title: 'a record may refer to a live one, or to none',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      await authors.put({ id: 'a' })
      await books.put({ id: 'b', author: 'a' })
      await books.put({ id: 'c', author: null })
      await books.put({ id: 'd' })
      assert.equal(await books.count(), 3)
    },
  },
  {
    id: 'W5-parent-gone',
    clause: 'W5',
    title: 'an expired or soft-deleted record can not be referred to',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      await authors.put({ id: 'expired' }, { ttlMs: 10 })
      await authors.put({ id: 'deleted' })
      await authors.delete('deleted')
      context.clock.advance(10)
      for (const author of ['expired', 'deleted']) {
        await assert.rejects(books.put({ id: 'b', author }), { code: 'REFERENCE_VIOLATION' }, author)
      }
    },
  },
  {
    id: 'W5-update',
    clause: 'W5',
    title: 'an update that makes a record refer to a missing one is refused',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      await authors.put({ id: 'a' })
      await books.put({ id: 'b', author: 'a' })
      await assert.rejects(books.update('b', { author: 'nobody' }), { code: 'REFERENCE_VIOLATION' })
      assert.deepEqual(await books.get('b'), { id: 'b', author: 'a' })
    },
  },
  {
    id: 'W5-bulk',
    clause: 'W5',
    title: 'one bad reference in the middle of a bulk call refuses all of it',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      await authors.put({ id: 'a' })
      const records = ['a', 'nobody', 'a'].map((author, position) => ({ id: `b${position}`, author }))
      await assert.rejects(books.putMany(records), { code: 'REFERENCE_VIOLATION', keys: ['nobody'] })
      assert.equal(await books.count(), 0)
    },
  },
  {
    id: 'W5-other-tenant',
    clause: 'W5',
    title: 'a record of another tenant can not be referred to, nor does it keep anything',
    run: async (context) => {
      const store = context.store()
      const own = restricted(store)
      const other = restricted(store.tenant('other'))
      await other.authors.put({ id: 'a' })
      await assert.rejects(own.books.put({ id: 'b', author: 'a' }), { code: 'REFERENCE_VIOLATION' })
      await own.authors.put({ id: 'a' })
      await own.books.put({ id: 'b', author: 'a' })
      assert.equal(await other.authors.delete('a'), true)
      assert.equal(await own.books.has('b'), true)
    },
  },
  {
    id: 'W5-restrict',
    clause: 'W5',
    title: 'a record that is still referred to can not be deleted, until what refers to it is gone',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      await authors.put({ id: 'a' })
      await books.put({ id: 'b', author: 'a' })
      const refusal = { code: 'REFERENCE_VIOLATION', collection: 'books' }
      await assert.rejects(authors.delete('a'), refusal)
      await assert.rejects(authors.delete('a', { permanent: true }), refusal)
      assert.equal((await authors.getEntry('a'))?.version, 1)
      await books.delete('b')
      assert.equal(await authors.delete('a'), true)
    },
  },
  {
    id: 'W5-restrict-bulk',
    clause: 'W5',
    title: 'deleteMany and clear of records still referred to are refused as a whole',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      await authors.putMany([{ id: 'a' }, { id: 'b' }, { id: 'c' }])
      await books.put({ id: 'x', author: 'b' })
      await assert.rejects(authors.deleteMany(['a', 'b', 'c']), { code: 'REFERENCE_VIOLATION' })
      await assert.rejects(authors.deleteMany({ all: true }), { code: 'REFERENCE_VIOLATION' })
      await assert.rejects(authors.clear(), { code: 'REFERENCE_VIOLATION' })
      assert.equal(await authors.count(), 3)
    },
  },
  {
    id: 'W5-expired-child',
    clause: 'W5',
    title: 'an expired record keeps nothing it refers to',
    run: async (context) => {
      const { authors, books } = restricted(context.store())
      await authors.put({ id: 'a' })
      await books.put({ id: 'b', author: 'a' }, { ttlMs: 10 })
      context.clock.advance(10)
      assert.equal(await authors.delete('a'), true)
    },
  },
  {
    id: 'W5-restore',
    clause: 'W5',
    title: 'a deleted record whose parent has gone can not be restored',
    run: async (context) => {
      const { folders, files } = cascading(context.store())
      await folders.put({ id: 'f' })
      await files.put({ id: 'x', folder: 'f' })
      await folders.delete('f')
      await assert.rejects(files.restore('x'), { code: 'REFERENCE_VIOLATION', collection: 'folders' })
      await folders.put({ id: 'f' })
      await files.restore('x')
      assert.equal(await files.has('x'), true)
    },
  },
]

const cascadeCases: readonly Case[] = [
  {
    id: 'W5-cascade',
    clause: 'W5',
    title: 'a cascade takes along what refers to the record, also indirectly, and nothing else',
    run: async (context) => {
      const { folders, files, pages } = cascading(context.store())
      await folders.putMany([{ id: 'f' }, { id: 'g' }])
      await files.putMany([
        { id: 'f1', folder: 'f' },
        { id: 'f2', folder: 'f' },
        { id: 'g1', folder: 'g' },
      ])
      await pages.putMany([
        { id: 'p1', file: 'f1' },
        { id: 'p2', file: 'f2' },
        { id: 'p3', file: 'g1' },
      ])
      assert.equal(await folders.delete('f'), true)
      assert.deepEqual((await files.find()).records, [{ id: 'g1', folder: 'g' }])
      assert.deepEqual((await pages.find()).records, [{ id: 'p3', file: 'g1' }])
    },
  },
  {
    id: 'W5-cascade-count',
    clause: 'W5',
    title: 'deleteMany counts the records asked for, not those that went along',
    run: async (context) => {
      const { folders, files } = cascading(context.store())
      await folders.putMany([{ id: 'f' }, { id: 'g' }])
      await files.putMany([
        { id: 'f1', folder: 'f' },
        { id: 'f2', folder: 'f' },
      ])
      assert.equal(await folders.deleteMany(['f', 'g']), 2)
      assert.equal(await files.count(), 0)
    },
  },
  {
    id: 'W5-cascade-soft',
    clause: 'W5',
    title: 'a cascade deletes softly where the collection keeps deleted records',
    run: async (context) => {
      const { folders, files } = cascading(context.store())
      await folders.put({ id: 'f' })
      await files.put({ id: 'x', folder: 'f' })
      await folders.delete('f')
      assert.equal(await files.has('x'), false)
      assert.equal(await files.has('x', { includeDeleted: true }), true)
    },
  },
  {
    id: 'W5-cascade-permanent',
    clause: 'W5',
    title: 'a permanent deletion takes along for good, also what was deleted softly before',
    run: async (context) => {
      const { folders, files } = cascading(context.store())
      await folders.put({ id: 'f' })
      await files.putMany([
        { id: 'x', folder: 'f' },
        { id: 'y', folder: 'f' },
      ])
      await files.delete('y')
      await folders.delete('f', { permanent: true })
      assert.equal(await files.count({}, { includeDeleted: true }), 0)
    },
  },
  {
    id: 'W5-cascade-stopped',
    clause: 'W5',
    title: 'a cascade that meets a restricted reference happens not at all',
    run: async (context) => {
      const { folders, files, pages, links } = cascading(context.store())
      await folders.put({ id: 'f' })
      await files.put({ id: 'x', folder: 'f' })
      await pages.putMany([
        { id: 'p', file: 'x' },
        { id: 'q', file: 'x' },
      ])
      await links.put({ id: 'l', page: 'q' })
      await assert.rejects(folders.delete('f'), { code: 'REFERENCE_VIOLATION', collection: 'links' })
      assert.deepEqual([await folders.count(), await files.count(), await pages.count()], [1, 1, 2])
    },
  },
  {
    id: 'W5-cascade-many',
    clause: 'W5',
    title: 'a cascade takes along more than one page of records',
    run: async (context) => {
      const { folders, files } = cascading(context.store())
      await folders.put({ id: 'f' })
      await files.putMany(
        Array.from({ length: 1_500 }, (_, position) => ({ id: `x${position}`, folder: 'f' })),
      )
      await folders.delete('f')
      assert.equal(await files.count(), 0)
    },
  },
  {
    id: 'W5-cycle',
    clause: 'W5',
    title: 'records may refer to their own collection in a circle, and a cascade around it ends',
    run: async (context) => {
      const collection = context.store().collection(nodes)
      await collection.putMany([
        { id: 'a', parent: 'b' },
        { id: 'b', parent: 'a' },
        { id: 'c', parent: 'a' },
        { id: 'd', parent: null },
      ])
      assert.equal(await collection.delete('a'), true)
      assert.deepEqual((await collection.find()).records, [{ id: 'd', parent: null }])
    },
  },
]

const commitCases: readonly Case[] = [
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

/** W5: references between collections. */
export const referenceCases: readonly Case[] = [...restrictCases, ...cascadeCases, ...commitCases]
