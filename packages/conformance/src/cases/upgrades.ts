import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import type { Backend } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { withWrapped } from '../wrapped-backend.ts'

const name = 'people'
const first = defineCollection({
  name,
  schema: z.object({ id: z.string(), name: z.string(), age: z.int() }),
  key: 'id',
  fields: { age: 'index' },
  history: true,
  integrity: true,
})
const second = defineCollection({
  name,
  schema: z.object({ id: z.string(), first: z.string(), last: z.string(), age: z.int() }),
  key: 'id',
  fields: { age: 'index', last: 'index' },
  indexes: [['last', 'age']],
  history: true,
  integrity: true,
  version: 2,
  upgrade: { 1: ({ name, ...rest }) => ({ ...rest, ...splitName(String(name)) }) },
})
const third = defineCollection({
  name,
  schema: z.object({
    id: z.string(),
    first: z.string(),
    last: z.string(),
    born: z.int(),
    tags: z.array(z.string()),
  }),
  key: 'id',
  fields: { born: 'index', tags: 'index' },
  history: true,
  integrity: true,
  version: 3,
  upgrade: {
    1: ({ name, ...rest }) => ({ ...rest, ...splitName(String(name)) }),
    2: ({ age, ...rest }) => ({ ...rest, born: 2026 - Number(age), tags: ['old'] }),
  },
})
/** The first definition with another index and nothing else. */
const reindexed = defineCollection({
  name,
  schema: z.object({ id: z.string(), name: z.string(), age: z.int() }),
  key: 'id',
  fields: { name: 'index' },
  history: true,
  integrity: true,
})

/** One version of one schema, with fields of the same names and types that are taken from elsewhere. */
function placed(place: 'home' | 'work', others: readonly string[]) {
  return defineCollection({
    name: 'places',
    schema: z.object({
      id: z.string(),
      home: z.object({ town: z.string(), streets: z.array(z.string()) }),
      work: z.object({ town: z.string(), streets: z.array(z.string()) }),
    }),
    key: 'id',
    fields: {
      town: { path: `${place}.town` },
      streets: { type: 'texts', path: `${place}.streets.*` },
      words: { type: 'words', path: [`${place}.town`, ...others] },
    },
  })
}

function splitName(name: string): { first: string; last: string } {
  const [first = '', last = ''] = name.split(' ')
  return { first, last }
}

const ADA = { id: 'a', name: 'Ada Lovelace', age: 36 }
const KURT = { id: 'k', name: 'Kurt Gödel', age: 71 }

/** U: definitions that change while records stay. */
export const upgradeCases: readonly Case[] = [
  {
    id: 'U1-read',
    clause: 'U1',
    title: 'records of an older definition are read as the new one says, and their versions and times stay',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      await old.collection(first).put(ADA)
      await old.collection(first).put(ADA)
      const before = await old.collection(first).getEntry('a')
      await old.close()
      context.clock.advance(1_000)
      const collection = context.store().collection(second)
      const record = { id: 'a', first: 'Ada', last: 'Lovelace', age: 36 }
      assert.deepEqual(await collection.get('a'), record)
      assert.deepEqual(await collection.getEntry('a'), { ...before, record })
    },
  },
  {
    id: 'U1-steps',
    clause: 'U1',
    title: 'a record goes through every step from its version to the newest',
    requires: ['persistent'],
    run: async (context) => {
      const one = context.store()
      await one.collection(first).put(ADA)
      await one.close()
      const two = context.store()
      await two.collection(second).put({ id: 'k', first: 'Kurt', last: 'Gödel', age: 71 })
      await two.close()
      const { records } = await context.store().collection(third).find({ orderBy: 'born' })
      assert.deepEqual(records, [
        { id: 'k', first: 'Kurt', last: 'Gödel', born: 1955, tags: ['old'] },
        { id: 'a', first: 'Ada', last: 'Lovelace', born: 1990, tags: ['old'] },
      ])
    },
  },
  {
    id: 'U2-new-field',
    clause: 'U2',
    title: 'queries find old records by an index field that is new, of every tenant',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      for (const tenant of ['default', 'other'])
        await old.tenant(tenant).collection(first).putMany([ADA, KURT])
      await old.close()
      const again = context.store()
      for (const tenant of ['default', 'other']) {
        const collection = again.tenant(tenant).collection(second)
        assert.deepEqual(
          (await collection.find({ where: { last: 'Gödel' } })).records.map((each) => each.id),
          ['k'],
        )
        assert.equal(await collection.count({ age: { gt: 40 } }), 1)
      }
    },
  },
  {
    id: 'U2-many-valued',
    clause: 'U2',
    title: 'queries find old records by a many-valued field that is new',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      await old.collection(first).putMany([ADA, KURT])
      await old.close()
      assert.equal(
        await context
          .store()
          .collection(third)
          .count({ tags: { has: 'old' } }),
        2,
      )
    },
  },
  {
    id: 'U2-index-alone',
    clause: 'U2',
    title: 'an index field may come and another go without a new schema version',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      await old.collection(first).putMany([ADA, KURT])
      await old.close()
      const collection = context.store().collection(reindexed)
      assert.deepEqual((await collection.find({ where: { name: { prefix: 'Kurt' } } })).records, [KURT])
      await assert.rejects(collection.find({ where: { age: 36 } as never }), { code: 'INVALID_ARGUMENT' })
    },
  },
  {
    id: 'U2-other-path',
    clause: 'U2',
    title: 'queries find old records by what stands at the new path of a field, without a new schema version',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      const [home, work] = [
        { town: 'Bath', streets: ['Mill Lane'] },
        { town: 'York', streets: ['Stonegate'] },
      ]
      await old.collection(placed('home', [])).put({ id: 'a', home, work })
      await old.close()
      const moved = context.store()
      const places = moved.collection(placed('work', []))
      assert.equal(await places.count({ town: 'York', streets: { has: 'Stonegate' } }), 1)
      assert.equal(await places.count({ words: { words: 'york' } }), 1)
      assert.equal(await places.count({ words: { anyWord: 'bath lane' } }), 0)
      assert.deepEqual((await places.verify()).problems, [])
      await moved.close()
      const more = context.store().collection(placed('work', ['home.streets']))
      assert.equal(await more.count({ words: { words: 'york lane' } }), 1)
    },
  },
  {
    id: 'U2-same-paths',
    clause: 'U2',
    title: 'records are not gone through when the definition is the one they were written by',
    requires: ['persistent'],
    run: async (context) => {
      const somewhere = { town: 'Bath', streets: ['Mill Lane'] }
      const definition = placed('home', ['work.streets'])
      const old = context.store()
      await old.collection(definition).put({ id: 'a', home: somewhere, work: somewhere })
      await old.close()
      let rewritten = 0
      const counting = (backend: Backend): Partial<Backend> => ({
        reindex: (layout, rows, finished) => {
          rewritten++
          return backend.reindex(layout, rows, finished)
        },
      })
      await withWrapped(context, counting, async (store) => {
        assert.equal(await store.collection(definition).count({ words: { words: 'mill' } }), 1)
      })
      assert.equal(rewritten, 0)
    },
  },
  {
    id: 'U2-many-records',
    clause: 'U2',
    title: 'an upgrade goes through more than one page of records, expired and deleted ones too',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      const records = Array.from({ length: 1_100 }, (_, n) => ({
        id: `k${n}`,
        name: `First Last${n % 2}`,
        age: n,
      }))
      await old.collection(first).putMany(records)
      await old.collection(first).put(ADA, { ttlMs: 1 })
      await old.close()
      context.clock.advance(1)
      assert.equal(await context.store().collection(second).count({ last: 'Last1' }), 550)
    },
  },
  {
    id: 'U3-proof',
    clause: 'U3',
    title: 'records that were upgraded are sound, and can be written on',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      await old.collection(first).putMany([ADA, KURT])
      await old.close()
      const collection = context.store().collection(second)
      assert.deepEqual(await collection.verify(), { ok: true, checked: 2, damaged: 0, problems: [] })
      assert.equal(await collection.update('a', { age: 37 }, { ifVersion: 1 }), 2)
      assert.equal((await collection.verify()).ok, true)
    },
  },
  {
    id: 'U3-damage-stays',
    clause: 'U3',
    title: 'an upgrade does not make a damaged record look sound',
    requires: ['persistent', 'tamper'],
    run: async (context) => {
      const old = context.store()
      await old.collection(first).putMany([ADA, KURT])
      await old.close()
      await context.place.tamper?.(name, 'a', (document) => document.replace('Lovelace', 'Byron'))
      const report = await context.store().collection(second).verify()
      assert.deepEqual(
        report.problems.map((problem) => problem.key),
        ['a'],
      )
    },
  },
  {
    id: 'U4-history',
    clause: 'U4',
    title: 'the past of a record is told as the new definition says',
    requires: ['persistent'],
    run: async (context) => {
      const old = context.store()
      await old.collection(first).put(ADA)
      await old.collection(first).update('a', { age: 37 })
      await old.close()
      const collection = context.store().collection(second)
      assert.deepEqual(await collection.getAt('a', { version: 1 }), {
        id: 'a',
        first: 'Ada',
        last: 'Lovelace',
        age: 36,
      })
      assert.deepEqual(
        (await collection.history('a')).records.map((each) => [each.version, each.record.last]),
        [
          [2, 'Lovelace'],
          [1, 'Lovelace'],
        ],
      )
    },
  },
  {
    id: 'U5-older-program',
    clause: 'U5',
    title:
      'a program with an older definition than the records’ is refused with UNSUPPORTED, and harms nothing',
    requires: ['persistent'],
    run: async (context) => {
      const newer = context.store()
      await newer.collection(second).put({ id: 'a', first: 'Ada', last: 'Lovelace', age: 36 })
      await newer.close()
      const older = context.store()
      await assert.rejects(older.collection(first).get('a'), { code: 'UNSUPPORTED' })
      await older.close()
      assert.equal((await context.store().collection(second).get('a'))?.last, 'Lovelace')
    },
  },
  {
    id: 'U6-missing-step',
    clause: 'U6',
    title: 'a definition that skips a step, or counts its versions wrongly, is refused when it is made',
    run: async () => {
      const schema = z.object({ id: z.string() })
      const step = (old: object) => ({ ...old })
      for (const wrong of [
        { version: 2 },
        { version: 3, upgrade: { 1: step } },
        { version: 0 },
        { version: 1.5 },
      ]) {
        assert.throws(
          () => defineCollection({ name, schema, key: 'id', ...wrong }),
          { code: 'INVALID_ARGUMENT' },
          JSON.stringify(wrong),
        )
      }
    },
  },
]
