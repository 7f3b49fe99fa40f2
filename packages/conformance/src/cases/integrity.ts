import assert from 'node:assert/strict'
import { defineCollection, isoDate } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'

const schema = z.object({ id: z.string(), n: z.number(), note: z.string().optional() })
const sealed = defineCollection({ name: 'sealed', schema, key: 'id', integrity: true, softDelete: true })
const indexed = defineCollection({ name: 'indexed', schema, key: 'id', fields: { n: 'index' } })
const dated = defineCollection({
  name: 'dated',
  schema: z.object({ id: z.string(), at: isoDate }),
  key: 'id',
})

const tamper = async (context: CaseContext, collection: string, id: string, from: string, to: string) => {
  let found = false
  await context.place.tamper?.(collection, id, (document) => {
    const changed = JSON.stringify(JSON.parse(document)).replace(from, to)
    found = changed !== JSON.stringify(JSON.parse(document))
    return changed
  })
  assert.ok(found, 'the document was not as expected')
}

/** I: proof that stored records are what was stored. */
export const integrityCases: readonly Case[] = [
  {
    id: 'I1-untouched',
    clause: 'I1',
    title: 'verify finds nothing wrong with records written in every way there is',
    run: async (context) => {
      const collection = context.store().collection(sealed)
      await collection.put({ id: 'a', n: 0.1, note: 'é ẞ 😀 \u2028 "\\' })
      await collection.insertMany([
        { id: 'b', n: -0 },
        { id: 'c', n: 1e21 },
      ])
      await collection.update('b', { n: 5e-324 })
      await collection.delete('c')
      await collection.restore('c')
      await collection.put({ id: 'd', n: 1 })
      await collection.delete('d')
      assert.deepEqual(await collection.verify(), { ok: true, checked: 4, damaged: 0, problems: [] })
      assert.deepEqual(await collection.verify('a'), { ok: true, checked: 1, damaged: 0, problems: [] })
      assert.deepEqual(await collection.verify('missing'), { ok: true, checked: 0, damaged: 0, problems: [] })
    },
  },
  {
    id: 'I1-many',
    clause: 'I1',
    title: 'verify looks at every record, over many pages',
    run: async (context) => {
      const collection = context.store().collection(sealed)
      await collection.putMany(Array.from({ length: 1_201 }, (_, n) => ({ id: `k${n}`, n })))
      assert.deepEqual(await collection.verify(), { ok: true, checked: 1_201, damaged: 0, problems: [] })
    },
  },
  {
    id: 'I2-edited',
    clause: 'I2',
    title: 'verify names the record whose document was changed behind the store, and no other',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(sealed)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
        { id: 'c', n: 3 },
      ])
      await tamper(context, 'sealed', 'b', '"n":2', '"n":9')
      const report = await collection.verify()
      assert.deepEqual([report.ok, report.checked, report.damaged], [false, 3, 1])
      assert.deepEqual(
        report.problems.map((problem) => problem.key),
        ['b'],
      )
      assert.equal((await collection.verify('b')).ok, false)
      assert.equal((await collection.verify('a')).ok, true)
    },
  },
  {
    id: 'I2-member-added',
    clause: 'I2',
    title: 'verify notices a member that was added to a document',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(sealed)
      await collection.put({ id: 'a', n: 1 })
      await tamper(context, 'sealed', 'a', '"n":1', '"n":1,"note":"x"')
      assert.equal((await collection.verify()).damaged, 1)
    },
  },
  {
    id: 'I2-mended',
    clause: 'I2',
    title: 'a damaged record that is written anew is sound again',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(sealed)
      await collection.put({ id: 'a', n: 1 })
      await tamper(context, 'sealed', 'a', '"n":1', '"n":2')
      assert.equal((await collection.verify()).ok, false)
      await collection.put({ id: 'a', n: 3 })
      assert.equal((await collection.verify()).ok, true)
    },
  },
  {
    id: 'I3-index-field',
    clause: 'I3',
    title: 'verify notices an index field that no longer says what the document says, also without hashes',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(indexed)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
      ])
      await tamper(context, 'indexed', 'a', '"n":1', '"n":7')
      const report = await collection.verify()
      assert.deepEqual(
        report.problems.map((problem) => problem.key),
        ['a'],
      )
    },
  },
  {
    id: 'I3-other-key',
    clause: 'I3',
    title: 'verify notices a document that stands under the key of another',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(indexed)
      await collection.put({ id: 'a', n: 1 })
      await tamper(context, 'indexed', 'a', '"id":"a"', '"id":"b"')
      assert.equal((await collection.verify()).damaged, 1)
    },
  },
  {
    id: 'I3-schema',
    clause: 'I3',
    title: 'verify notices a document that no longer fits its schema, and others can still be read',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(dated)
      await collection.putMany([
        { id: 'a', at: new Date(0) },
        { id: 'b', at: new Date(0) },
      ])
      await tamper(context, 'dated', 'a', '1970-01-01T00:00:00.000Z', 'yesterday')
      assert.deepEqual(
        (await collection.verify()).problems.map((problem) => problem.key),
        ['a'],
      )
      assert.deepEqual(await collection.get('b'), { id: 'b', at: new Date(0) })
    },
  },
  {
    id: 'I3-undecodable',
    clause: 'I3',
    title:
      'a document that its schema can not decode is CORRUPT when it is read, and the error names the key',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(dated)
      await collection.put({ id: 'a', at: new Date(0) })
      await tamper(context, 'dated', 'a', '1970-01-01T00:00:00.000Z', 'yesterday')
      await assert.rejects(collection.get('a'), { code: 'CORRUPT', keys: ['a'] })
    },
  },
]
