import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, type HeldLayout } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { fillWith, heldBy, tableIn } from '../held-contents.ts'
import type { ManualClock } from '../manual-clock.ts'
import { everything, everythingOf, happenings, happeningsOf } from '../method-calls.ts'
import { withWrapped } from '../wrapped-backend.ts'
import { restricted } from './reference-collections.ts'
import {
  defineSample,
  FULL,
  fillLog,
  fillMeasured,
  fillRecords,
  fillReferences,
  fillSample,
  measured,
  TENANTS,
} from './sample-place.ts'
import { interruptedAfter, movedFrom, successors } from './successors.ts'

/** Two stores with the same contents: one that was written to, and one that was filled from it. */
async function both(
  context: CaseContext,
  fill: (store: BaseStore, clock: ManualClock) => Promise<void>,
): Promise<readonly [source: BaseStore, target: BaseStore]> {
  const source = context.store()
  await fill(source, context.clock)
  return [source, await movedFrom(context, source)]
}

/** What the methods of a store answer about the sample. */
async function answersOf(store: BaseStore): Promise<unknown> {
  const [records, numbers, log] = [everythingOf(store), store.collection(measured), happeningsOf(store)]
  return {
    entries: await records.findEntries({ includeDeleted: true }),
    tenants: await Promise.all(TENANTS.map((tenant) => everythingOf(store.tenant(tenant)).find())),
    history: await records.history('a'),
    first: await records.getAt('a', { version: 1 }),
    gone: await records.history('erased'),
    tagged: await records.count({ tags: { has: 'all' } }),
    numbers: await numbers.findEntries({ orderBy: ['open', 'label'] }),
    found: await numbers.find({ where: { amount: FULL.amount, at: FULL.at, words: { words: 'ete été' } } }),
    heads: [await log.head('s'), await log.head('😀')],
    log: await log.read('😀'),
    sound: [await records.verify(), await numbers.verify(), await log.verify('s')],
    once: await store.transaction(async () => 'told again', { idempotencyKey: 'sample' }),
  }
}

const goOn: readonly Case[] = [
  {
    id: 'O5-same-answers',
    clause: 'O5',
    title: 'every method answers as it does at the place from which it was filled',
    requires: ['contents'],
    run: async (context) => {
      const [source, target] = await both(context, fillSample)
      const answers = await answersOf(source)
      assert.deepEqual(await answersOf(target), answers)
    },
  },
  {
    id: 'O5-no-migration',
    clause: 'O5',
    title: 'definitions are opened without writing rows anew',
    requires: ['contents'],
    run: async (context) => {
      const source = context.storeOn(await context.anotherPlace())
      await fillSample(source, context.clock)
      const state = await heldBy(source)
      let rewritten = 0
      await withWrapped(
        context,
        (backend) => ({
          reindex: (...parameters) => {
            rewritten++
            return backend.reindex(...parameters)
          },
        }),
        async (store) => {
          await fillWith(store, state)
          defineSample(store)
          await store.open()
          assert.equal(await everythingOf(store).count(), await everythingOf(source).count())
        },
      )
      assert.equal(rewritten, 0)
    },
  },
  {
    id: 'O5-versions',
    clause: 'O5',
    title: 'versions go on from where they were, those of removed records too, in every tenant',
    requires: ['contents'],
    run: async (context) => {
      const [source, target] = await both(context, fillRecords)
      for (const store of [source, target]) {
        const versions = [
          await everythingOf(store).update('a', { note: 'n' }, { ifVersion: 2 }),
          await everythingOf(store).insert({ id: 'erased', note: 'n' }),
          await everythingOf(store.tenant('😀')).insert({ id: 'own', note: 'n' }),
          await everythingOf(store.tenant('new')).insert({ id: 'own', note: 'n' }),
        ]
        assert.deepEqual(versions, [3, 3, 3, 1])
      }
    },
  },
  {
    id: 'O5-deadlines',
    clause: 'O5',
    title: 'deadlines hold: what has expired is swept, and the rest expires in its millisecond',
    requires: ['contents'],
    run: async (context) => {
      const [, target] = await both(context, fillRecords)
      const records = everythingOf(target)
      assert.equal(await records.has('expired'), false)
      assert.equal(await target.cleanupExpired(), 1)
      context.clock.advance(59_998)
      assert.equal(await records.has('mortal'), true)
      context.clock.advance(1)
      assert.equal(await records.has('mortal'), false)
      assert.equal(await target.cleanupExpired(), 1)
    },
  },
  {
    id: 'O5-deleted',
    clause: 'O5',
    title: 'what was soft-deleted can be restored, and is purged by its age',
    requires: ['contents'],
    run: async (context) => {
      const [, target] = await both(context, fillRecords)
      const records = everythingOf(target)
      assert.equal(await records.has('A'), false)
      assert.equal(await records.restore('A'), 3)
      await records.delete('A')
      context.clock.advance(100)
      assert.equal(await target.purgeDeleted({ olderThanMs: 101 }), 0)
      assert.equal(await target.purgeDeleted({ olderThanMs: 100 }), 1)
    },
  },
  {
    id: 'O5-logs',
    clause: 'O5',
    title: 'logs are sound, and go on with the next number and the hash before',
    requires: ['contents'],
    run: async (context) => {
      const [source, target] = await both(context, fillLog)
      const head = await happeningsOf(source).head('s')
      const log = happeningsOf(target)
      const [entry] = await log.append('s', [{ event_id: 'next', note: 'x' }])
      assert.deepEqual([entry?.sequence, entry?.previous_hash], [4, head?.hash])
      assert.deepEqual(await log.verify('s', { expectedHead: head }), { ok: true, entries: 4 })
      await assert.rejects(log.append('s', [{ event_id: 's-1', note: 'other' }]), { code: 'ALREADY_EXISTS' })
    },
  },
  {
    id: 'O5-references',
    clause: 'O5',
    title: 'references hold: what is referred to stays, and what is not there can not be referred to',
    requires: ['contents'],
    run: async (context) => {
      const [, target] = await both(context, fillReferences)
      const { authors, books, reviews } = restricted(target)
      await Promise.all([authors.count(), books.count(), reviews.count()])
      await assert.rejects(authors.delete('ada'), { code: 'REFERENCE_VIOLATION' })
      await assert.rejects(books.put({ id: 'x', author: 'nobody' }), { code: 'REFERENCE_VIOLATION' })
      await books.put({ id: 'more', author: 'ada' })
    },
  },
  {
    id: 'O5-indexed',
    clause: 'O5',
    title: 'records that are written afterwards are found by the same fields, and unchanged ones keep theirs',
    requires: ['contents'],
    run: async (context) => {
      const [, target] = await both(context, fillMeasured)
      const numbers = target.collection(measured)
      await numbers.put({ ...FULL, id: 'second' })
      await numbers.update('full', { amount: 1 })
      assert.equal(await numbers.insert({ id: 'empty' }), 3)
      assert.equal(await numbers.count({ amount: FULL.amount }), 1)
      assert.equal(await numbers.count({ tags: { has: '😀' }, town: 'Bath', open: false }), 2)
      assert.deepEqual((await numbers.verify()).problems, [])
    },
  },
  {
    id: 'O5-reopened',
    clause: 'O5',
    title: 'what a place was filled with is there when it is opened again',
    requires: ['contents', 'persistent'],
    run: async (context) => {
      const source = context.storeOn(await context.anotherPlace())
      await fillSample(source, context.clock)
      const state = await heldBy(source)
      const next = successors(context)
      await fillWith(await next(), state)
      assert.deepEqual(await heldBy(await next()), state)
      assert.deepEqual(await answersOf(await next()), await answersOf(source))
    },
  },
]

const appendOnly: readonly Case[] = [
  {
    id: 'O5-append-only',
    clause: 'O5',
    title:
      'entries of a log that was loaded, or appended since, can not be changed or removed below the contract',
    requires: ['contents'],
    run: async (context) => {
      const source = context.storeOn(await context.anotherPlace())
      await fillLog(source)
      const state = await heldBy(source)
      const backend = context.place.backend()
      const store = context.storeOver(backend)
      await fillWith(store, state)
      await happeningsOf(store).append('s', [{ event_id: 's-4', note: 'x' }])
      const layout = happenings.entries.layout
      const before = tableIn(await heldBy(store), 'happenings')
      const none = { type: 'none' } as const
      for (const id of ['s-1', 's-4']) {
        const key = { layout, tenant: 'default', id, condition: none }
        const forged: NewRow | undefined = before.rows.find((row) => row.id === id)
        assert.ok(forged)
        const { document, fields, hash } = forged
        const writes = [
          { ...key, type: 'delete', mode: 'erase' } as const,
          { ...key, type: 'put', document, fields, hash, expiresAt: null } as const,
        ]
        for (const operation of writes) {
          await assert.rejects(backend.write([{ operations: [operation], checks: [] }], 1), operation.type)
        }
      }
      assert.deepEqual(tableIn(await heldBy(store), 'happenings'), before)
    },
  },
]

const schema = z.object({ id: z.string(), n: z.int(), note: z.string() })
const older = defineCollection({ name: 'plain', schema, key: 'id', fields: { n: 'index' } })
const newer = defineCollection({ name: 'plain', schema, key: 'id', fields: { n: 'index', note: 'index' } })

const changed: readonly Case[] = [
  {
    id: 'O5-stale',
    clause: 'O5',
    title: 'a layout that was stale stays so, and is written anew when it is opened',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await (await next()).collection(older).put({ id: 'a', n: 1, note: 'x' })
      await assert.rejects((await next(interruptedAfter(0))).collection(newer).count(), {
        code: 'UNAVAILABLE',
      })
      const source = await next()
      const target = await movedFrom(context, source)
      const staleness = (held: readonly HeldLayout[]) => held.map(({ stale }) => stale)
      assert.deepEqual(staleness(await target.place().layouts()), [true])
      assert.equal(await target.collection(newer).count({ note: 'x' }), 1)
      assert.deepEqual(staleness(await target.place().layouts()), [false])
    },
  },
  {
    id: 'O5-newer-definition',
    clause: 'O5',
    title: 'a place that was filled with an older form is brought up to the definition as any other',
    requires: ['contents'],
    run: async (context) => {
      const source = context.store()
      await source.collection(older).put({ id: 'a', n: 1, note: 'x' })
      const target = await movedFrom(context, source)
      assert.equal(await target.collection(newer).count({ note: 'x' }), 1)
      assert.equal(await target.collection(newer).count({ n: 1 }), 1)
    },
  },
  {
    id: 'O5-damage-stays',
    clause: 'O5',
    title: 'a record that was damaged is still found to be',
    requires: ['contents'],
    run: async (context) => {
      const source = context.store()
      await everythingOf(source).putMany(['a', 'b'].map((id) => ({ id, note: 'x' })))
      const { layouts, tables } = await heldBy(source)
      const target = context.storeOn(await context.anotherPlace())
      const damage = (row: NewRow): NewRow =>
        row.id === 'b' ? { ...row, document: row.document.replace('"x"', '"y"') } : row
      await fillWith(target, {
        layouts,
        tables: tables.map((table) =>
          table.layout.name === everything.name ? { ...table, rows: table.rows.map(damage) } : table,
        ),
      })
      const { problems } = await everythingOf(target).verify()
      assert.deepEqual(
        problems.map(({ key }) => key),
        ['b'],
      )
    },
  },
]

/** O5: a place that was filled. */
export const replacedPlaceCases: readonly Case[] = [...goOn, ...appendOnly, ...changed]
