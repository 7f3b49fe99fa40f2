/** W5: what a record may refer to, and what keeps a record that is referred to. */

import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { cascading, restricted } from './reference-collections.ts'

/** W5: references, one write at a time. */
export const referenceCases: readonly Case[] = [
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
