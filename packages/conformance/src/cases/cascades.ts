/** W5: removals that take along what refers to the record. */

import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { cascading } from './reference-collections.ts'

const nodes = defineCollection({
  name: 'nodes',
  schema: z.object({ id: z.string(), parent: z.string().nullable() }),
  key: 'id',
  references: { parent: { collection: 'nodes', onDelete: 'cascade' } },
})

/** W5: cascades. */
export const cascadeCases: readonly Case[] = [
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
