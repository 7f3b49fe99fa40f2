import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { heldBy, tableIn } from '../held-contents.ts'
import { all } from '../method-calls.ts'
import { interruptedAfter, movedFrom, successors } from './successors.ts'

const name = 'people'
const options = {
  name,
  key: 'id',
  fields: { age: 'index' },
  softDelete: true,
  history: true,
  integrity: true,
} as const
const first = defineCollection({
  ...options,
  schema: z.object({ id: z.string(), name: z.string(), age: z.int() }),
})
/** With the same fields: an engine need not write anything anew to be asked. */
const second = defineCollection({
  ...options,
  schema: z.object({ id: z.string(), full: z.string(), age: z.int() }),
  version: 2,
  upgrade: { 1: ({ name, ...rest }) => ({ ...rest, full: String(name) }) },
})
const third = defineCollection({
  ...options,
  schema: z.object({ id: z.string(), full: z.string(), age: z.int() }),
  fields: { age: 'index', full: 'index' },
  version: 3,
  upgrade: { 1: ({ name, ...rest }) => ({ ...rest, full: String(name) }), 2: (old) => old },
})

const ADA = { id: 'a', name: 'Ada', age: 36 }
const KURT = { id: 'k', name: 'Kurt', age: 71 }

async function rowsOf(store: BaseStore): Promise<readonly NewRow[]> {
  return tableIn(await heldBy(store, 5_000), name).rows
}

/** What stays as it is when a row is written anew. */
function kept({ tenant, id, version, createdAt, updatedAt, expiresAt, deletedAt }: NewRow) {
  return { tenant, id, version, createdAt, updatedAt, expiresAt, deletedAt }
}

/** Records of the first version, of two tenants and in every state. */
async function fillOld(store: BaseStore, advance: (milliseconds: number) => void): Promise<void> {
  const collection = store.collection(first)
  await collection.putMany([ADA, KURT])
  await store.tenant('other').collection(first).put(ADA)
  advance(1)
  await collection.update('a', { age: 37 })
  await collection.put({ id: 'deleted', name: 'Gone', age: 1 })
  await collection.delete('deleted')
  await collection.put({ id: 'expired', name: 'Late', age: 1 }, { ttlMs: 1 })
  advance(1)
}

/** O9: bringing a place up to its definitions. */
export const migrationCases: readonly Case[] = [
  {
    id: 'O9-applies',
    clause: 'O9',
    title: 'what is planned is done, for records in every state, with their versions and times as they were',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const old = await next()
      await fillOld(old, (milliseconds) => context.clock.advance(milliseconds))
      const before = (await rowsOf(old)).map(kept)
      context.clock.advance(1_000)
      const store = await next()
      store.collection(third)
      const { steps } = await store.place().plan()
      const report = await store.place().migrate()
      assert.deepEqual(report.plan.steps, steps)
      assert.deepEqual(report.rewritten, [{ collection: name, seen: 5, rewritten: 5 }])
      assert.deepEqual((await store.place().plan()).steps, [])
      const rows = await rowsOf(store)
      assert.deepEqual(rows.map(kept), before)
      assert.ok(rows.every(({ schemaVersion }) => schemaVersion === 3))
      assert.ok(rows.every(({ document, fields }) => JSON.parse(document).full === fields[1]))
      assert.deepEqual((await store.collection(third).verify()).problems, [])
      assert.equal(await store.collection(third).count({ full: 'Kurt' }), 1)
    },
  },
  {
    id: 'O9-twice',
    clause: 'O9',
    title: 'a second migration finds nothing to do',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await fillOld(await next(), (milliseconds) => context.clock.advance(milliseconds))
      await (await next()).collection(third).count()
      const store = await next()
      store.collection(third)
      const report = await store.place().migrate()
      assert.deepEqual(report, { plan: { steps: [], unknown: [], statements: [] }, rewritten: [] })
    },
  },
  {
    id: 'O9-makes',
    clause: 'O9',
    title: 'in an empty place the tables are made',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      store.collection(first)
      await store.place().migrate()
      assert.equal((await store.place().layouts()).length, 2)
      assert.equal(await store.collection(first).put(ADA), 1)
    },
  },
  {
    id: 'O9-resumed',
    clause: 'O9',
    title: 'a migration that was interrupted in the middle is planned again and brought to its end',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const people = Array.from({ length: 1_200 }, (_, n) => ({ id: `k${n}`, name: `n${n % 3}`, age: n }))
      await (await next()).collection(first).putMany(people)
      const interrupted = await next(interruptedAfter(1))
      interrupted.collection(third)
      await assert.rejects(interrupted.place().migrate(), { code: 'UNAVAILABLE' })
      const store = await next()
      store.collection(third)
      assert.ok((await store.place().plan()).steps.some(({ change }) => change === 'rewrite'))
      const progress: number[] = []
      const { rewritten } = await store.place().migrate({
        onProgress: ({ collection, done, total }) => {
          assert.equal(collection, name)
          assert.ok(done <= total)
          progress.push(done)
        },
      })
      assert.equal(rewritten[0]?.seen, 1_200)
      assert.ok((rewritten[0]?.rewritten ?? 0) < 1_200, 'what was written before is not written again')
      assert.equal(progress.at(-1), 1_200)
      assert.equal(await store.collection(third).count({ full: 'n1' }), 400)
      assert.deepEqual((await store.place().plan()).steps, [])
    },
  },
  {
    id: 'O9-aborted',
    clause: 'O9',
    title: 'a migration that is aborted ends with ABORTED, and the next does the rest',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const people = Array.from({ length: 1_200 }, (_, n) => ({ id: `k${n}`, name: 'x', age: n }))
      await (await next()).collection(first).putMany(people)
      const aborting = new AbortController()
      const aborted = await next()
      aborted.collection(third)
      const migrating = aborted
        .place()
        .migrate({ signal: aborting.signal, onProgress: () => aborting.abort() })
      await assert.rejects(migrating, { code: 'ABORTED' })
      const store = await next()
      store.collection(third)
      await store.place().migrate()
      assert.equal(await store.collection(third).count({ full: 'x' }), 1_200)
    },
  },
  {
    id: 'O9-rewrite',
    clause: 'O9',
    title: 'with rewrite, rows whose index fields are wrong are mended, and no other is written',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const store = await next()
      await fillOld(store, (milliseconds) => context.clock.advance(milliseconds))
      const rows = await rowsOf(store)
      const wrong = rows.filter(({ id }) => id === 'k').map((row) => ({ ...row, fields: [1] }))
      await store.place().merge(first.layout, { put: wrong, remove: [], floors: [] })
      assert.equal(await store.collection(first).count({ age: 71 }), 0)
      const { rewritten, plan } = await store.place().migrate({ rewrite: true })
      assert.deepEqual([plan.steps, rewritten], [[], [{ collection: name, seen: 5, rewritten: 1 }]])
      assert.equal(await store.collection(first).count({ age: 71 }), 1)
      assert.deepEqual(await rowsOf(store), rows)
    },
  },
  {
    id: 'O9-rewrite-old',
    clause: 'O9',
    title: 'with rewrite, records of an older version are written in the newest, whose hashes fit',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await fillOld(await next(), (milliseconds) => context.clock.advance(milliseconds))
      const store = await next()
      await store.collection(second).count()
      const before = (await rowsOf(store)).map(kept)
      await store.place().migrate({ rewrite: true })
      const rows = await rowsOf(store)
      assert.ok(rows.every(({ schemaVersion }) => schemaVersion === 2))
      assert.ok(rows.every(({ document }) => 'full' in JSON.parse(document)))
      assert.deepEqual(rows.map(kept), before)
      assert.deepEqual((await store.collection(second).verify()).problems, [])
    },
  },
  {
    id: 'O9-old-read',
    clause: 'O9',
    title: 'documents of an older version are read as the newest says by every method, written anew or not',
    requires: ['contents'],
    run: async (context) => {
      const old = context.store()
      const start = context.clock.now()
      await fillOld(old, (milliseconds) => context.clock.advance(milliseconds))
      const store = await movedOld(await movedFrom(context, old))
      assert.ok((await rowsOf(store)).every(({ schemaVersion }) => schemaVersion === 1))
      const people = store.collection(second)
      const ada = { id: 'a', full: 'Ada', age: 37 }
      const kurt = { id: 'k', full: 'Kurt', age: 71 }
      const gone = { id: 'deleted', full: 'Gone', age: 1 }
      assert.deepEqual(await people.get('a'), ada)
      assert.deepEqual((await people.getEntry('deleted', { includeDeleted: true }))?.record, gone)
      assert.deepEqual(await people.getMany(['k', 'a', 'expired']), [kurt, ada, undefined])
      assert.deepEqual((await people.find({ orderBy: 'age' })).records, [ada, kurt])
      assert.deepEqual((await people.findEntries({ where: { age: 71 } })).records[0]?.record, kurt)
      assert.deepEqual(await people.findOne({ where: { age: 37 } }), ada)
      assert.deepEqual(await all(people.iterate()), [ada, kurt])
      assert.deepEqual(await people.getAt('a', { version: 1 }), { ...ada, age: 36 })
      assert.deepEqual(await people.getAt('a', new Date(start)), { ...ada, age: 36 })
      assert.deepEqual(
        (await people.history('a')).records.map(({ record }) => record),
        [ada, { ...ada, age: 36 }],
      )
      const documents = (await all(people.iterateDocuments())).map((each) => JSON.parse(JSON.stringify(each)))
      assert.ok(JSON.stringify(documents).includes('Kurt') && !JSON.stringify(documents).includes('"name"'))
      assert.deepEqual(await people.verify(), { ok: true, checked: 3, damaged: 0, problems: [] })
      await people.update('a', { age: 38 }, { ifVersion: 2 })
      await people.restore('deleted')
      assert.deepEqual((await people.find()).records, [{ ...ada, age: 38 }, gone, kurt])
      await store.transaction(async (tx) => {
        assert.deepEqual(await tx.collection(second).get('k'), kurt)
        assert.deepEqual((await tx.collection(second).find({ where: { age: 71 } })).records, [kurt])
      })
      assert.deepEqual((await people.verify()).problems, [])
      assert.equal((await store.tenant('other').collection(second).get('a'))?.full, 'Ada')
    },
  },
]

/** Says that the place has the second form, as one would whose engine leaves old documents as they are. */
async function movedOld(store: BaseStore): Promise<BaseStore> {
  const { layouts, tables } = await heldBy(store)
  const raised = layouts.map(({ layout }) => ({ layout: { ...layout, schemaVersion: 2 }, stale: false }))
  await store.place().replace({ layouts: raised, onlyIfEmpty: false }, async (loader) => {
    for (const { layout, rows, floors } of tables) {
      await loader.rows({ ...layout, schemaVersion: 2 }, rows)
      await loader.floors(layout, floors)
    }
  })
  return store
}
