import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'

const schema = z.object({ id: z.string(), n: z.int() })
const kept = defineCollection({ name: 'kept', schema, key: 'id', fields: { n: 'index' }, history: true })
const soft = defineCollection({ name: 'soft', schema, key: 'id', softDelete: true, history: true })
const plain = defineCollection({ name: 'plain', schema, key: 'id' })

const INSTANT = Date.UTC(2026, 0, 1)
const at = (milliseconds: number) => new Date(INSTANT + milliseconds)

/** H: the past of a record. */
export const historyCases: readonly Case[] = [
  {
    id: 'H1-every-write',
    clause: 'H1',
    title: 'every write of a record adds one entry, newest first, with its version, time and record',
    run: async (context) => {
      const collection = context.store().collection(soft)
      await collection.insert({ id: 'a', n: 1 })
      context.clock.advance(10)
      await collection.update('a', { n: 2 })
      context.clock.advance(10)
      await collection.delete('a')
      context.clock.advance(10)
      await collection.restore('a')
      const { records, next } = await collection.history('a')
      assert.equal(next, undefined)
      assert.deepEqual(records, [
        { change: 'restore', version: 4, changedAt: at(30), record: { id: 'a', n: 2 } },
        { change: 'delete', version: 3, changedAt: at(20), record: { id: 'a', n: 2 } },
        { change: 'put', version: 2, changedAt: at(10), record: { id: 'a', n: 2 } },
        { change: 'put', version: 1, changedAt: at(0), record: { id: 'a', n: 1 } },
      ])
    },
  },
  {
    id: 'H1-hard-delete',
    clause: 'H1',
    title: 'a removal is a change too, and the past goes on when the key is used again',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.put({ id: 'a', n: 1 })
      await collection.delete('a')
      await collection.insert({ id: 'a', n: 2 })
      const { records } = await collection.history('a')
      assert.deepEqual(
        records.map(({ change, version, record }) => [change, version, record.n]),
        [
          ['put', 3, 2],
          ['delete', 2, 1],
          ['put', 1, 1],
        ],
      )
    },
  },
  {
    id: 'H1-bulk',
    clause: 'H1',
    title: 'bulk calls add an entry per record and write, deletion by filter included',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 1 },
        { id: 'a', n: 2 },
      ])
      await collection.deleteMany({ n: { gte: 1 } })
      const changes = async (key: string) =>
        (await collection.history(key)).records.map((each) => each.change)
      assert.deepEqual(await changes('a'), ['delete', 'put', 'put'])
      assert.deepEqual(await changes('b'), ['delete', 'put'])
    },
  },
  {
    id: 'H1-nothing-happened',
    clause: 'H1',
    title: 'what was refused or had nothing to do leaves no entry',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.put({ id: 'a', n: 1 })
      await assert.rejects(collection.insert({ id: 'a', n: 2 }), { code: 'ALREADY_EXISTS' })
      await assert.rejects(collection.put({ id: 'a', n: 2 }, { ifVersion: 7 }), { code: 'VERSION_CONFLICT' })
      await assert.rejects(
        collection.insertMany([
          { id: 'b', n: 1 },
          { id: 'a', n: 1 },
        ]),
        { code: 'ALREADY_EXISTS' },
      )
      await collection.delete('missing')
      assert.equal((await collection.history('a')).records.length, 1)
      assert.deepEqual((await collection.history('b')).records, [])
      assert.deepEqual((await collection.history('missing')).records, [])
    },
  },
  {
    id: 'H1-paging',
    clause: 'H1',
    title: 'the past comes in pages, each entry once',
    run: async (context) => {
      const collection = context.store().collection(kept)
      for (let n = 1; n <= 5; n++) await collection.put({ id: 'a', n })
      await collection.put({ id: 'b', n: 1 })
      const versions: number[] = []
      let cursor: string | undefined
      do {
        const page = await collection.history('a', { limit: 2, cursor })
        assert.ok(page.records.length <= 2)
        versions.push(...page.records.map((each) => each.version))
        cursor = page.next
      } while (cursor !== undefined)
      assert.deepEqual(versions, [5, 4, 3, 2, 1])
    },
  },
  {
    id: 'H1-limits',
    clause: 'H1',
    title: 'unknown options, wrong limits and the cursor of another record are refused',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'a', n: 2 },
        { id: 'b', n: 1 },
      ])
      const { next } = await collection.history('a', { limit: 1 })
      assert.notEqual(next, undefined)
      const wrong = [{ limit: 0 }, { limit: 1_001 }, { limit: 1.5 }, { limt: 1 }, { cursor: 'nonsense' }]
      for (const options of wrong) {
        await assert.rejects(
          collection.history('a', options),
          { code: 'INVALID_ARGUMENT' },
          JSON.stringify(options),
        )
      }
      await assert.rejects(collection.history('b', { cursor: next }), { code: 'INVALID_ARGUMENT' })
    },
  },
  {
    id: 'H2-by-version',
    clause: 'H2',
    title: 'getAt answers the record as it was at a version, and nothing for a removal or an unknown version',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.put({ id: 'a', n: 1 })
      await collection.put({ id: 'a', n: 2 })
      await collection.delete('a')
      assert.deepEqual(await collection.getAt('a', { version: 1 }), { id: 'a', n: 1 })
      assert.deepEqual(await collection.getAt('a', { version: 2 }), { id: 'a', n: 2 })
      for (const version of [0, 3, 4]) assert.equal(await collection.getAt('a', { version }), undefined)
      assert.equal(await collection.getAt('b', { version: 1 }), undefined)
    },
  },
  {
    id: 'H2-by-time',
    clause: 'H2',
    title: 'getAt answers the record as it was at an instant, a change counting from its own millisecond on',
    run: async (context) => {
      const collection = context.store().collection(kept)
      context.clock.advance(10)
      await collection.put({ id: 'a', n: 1 })
      context.clock.advance(10)
      await collection.put({ id: 'a', n: 2 })
      context.clock.advance(10)
      await collection.delete('a')
      const seen = []
      for (const time of [9, 10, 19, 20, 29, 30, 99]) seen.push((await collection.getAt('a', at(time)))?.n)
      assert.deepEqual(seen, [undefined, 1, 1, 2, 2, undefined, undefined])
    },
  },
  {
    id: 'H2-same-millisecond',
    clause: 'H2',
    title: 'of several changes in one millisecond the last one counts',
    run: async (context) => {
      const collection = context.store().collection(kept)
      for (let n = 1; n <= 12; n++) await collection.put({ id: 'a', n })
      assert.equal((await collection.getAt('a', at(0)))?.n, 12)
    },
  },
  {
    id: 'H2-deadlines',
    clause: 'H2',
    title: 'getAt knows that a record had expired by then',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.put({ id: 'a', n: 1 }, { ttlMs: 10 })
      context.clock.advance(20)
      await collection.put({ id: 'a', n: 2 })
      const seen = []
      for (const time of [0, 9, 10, 19, 20]) seen.push((await collection.getAt('a', at(time)))?.n)
      assert.deepEqual(seen, [1, 1, undefined, undefined, 2])
    },
  },
  {
    id: 'H2-wrong-question',
    clause: 'H2',
    title: 'getAt takes a valid date or a version and nothing else',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.put({ id: 'a', n: 1 })
      for (const wrong of [
        new Date(Number.NaN),
        undefined,
        null,
        {},
        { version: 1.5 },
        { version: '1' },
        1,
        '2026',
      ]) {
        await assert.rejects(
          collection.getAt('a', wrong as never),
          { code: 'INVALID_ARGUMENT' },
          String(wrong),
        )
      }
    },
  },
  {
    id: 'H3-permanent',
    clause: 'H3',
    title: 'a permanent deletion removes the past of that record alone',
    run: async (context) => {
      const collection = context.store().collection(soft)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'a', n: 2 },
        { id: 'b', n: 1 },
      ])
      await collection.delete('a', { permanent: true })
      assert.deepEqual((await collection.history('a')).records, [])
      assert.equal(await collection.getAt('a', { version: 1 }), undefined)
      assert.equal((await collection.history('b')).records.length, 1)
    },
  },
  {
    id: 'H3-clear',
    clause: 'H3',
    title: 'clear removes the past of all that it removes',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 1 },
      ])
      await collection.clear()
      assert.deepEqual((await collection.history('a')).records, [])
      assert.deepEqual((await collection.history('b')).records, [])
    },
  },
  {
    id: 'H4-sweep',
    clause: 'H4',
    title: 'a sweep adds nothing to the past and takes nothing from it',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(kept)
      await collection.put({ id: 'a', n: 1 }, { ttlMs: 10 })
      const before = await collection.history('a')
      context.clock.advance(10)
      assert.equal(await store.cleanupExpired(), 1)
      assert.deepEqual(await collection.history('a'), before)
      assert.deepEqual(await collection.getAt('a', at(5)), { id: 'a', n: 1 })
    },
  },
  {
    id: 'H5-not-declared',
    clause: 'H5',
    title: 'a collection that keeps no past refuses to be asked about it',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await collection.put({ id: 'a', n: 1 })
      await assert.rejects(collection.history('a'), { code: 'INVALID_ARGUMENT' })
      await assert.rejects(collection.getAt('a', { version: 1 }), { code: 'INVALID_ARGUMENT' })
    },
  },
  {
    id: 'H1-isolated',
    clause: 'H1',
    title: 'changing an answer of history changes nothing that is stored',
    run: async (context) => {
      const collection = context.store().collection(kept)
      await collection.put({ id: 'a', n: 1 })
      const [entry] = (await collection.history('a')).records
      assert.ok(entry)
      entry.record.n = 99
      entry.changedAt.setTime(0)
      assert.deepEqual((await collection.history('a')).records[0]?.record, { id: 'a', n: 1 })
      assert.deepEqual((await collection.history('a')).records[0]?.changedAt, at(0))
    },
  },
]
