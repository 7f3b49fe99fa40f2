/** The repository: plain operations on a collection of the caller's own, and related records. */

import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { belongsTo, hasMany, repository } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'

const papers = defineCollection({
  name: 'chil_papers',
  schema: z.object({
    paper_id: z.string(),
    title: z.string(),
    year: z.int(),
    limit: z.int().optional(),
    venue_id: z.string().optional(),
  }),
  key: 'paper_id',
  fields: { paper_id: 'column', year: 'index', limit: 'column' },
})

const reviews = defineCollection({
  name: 'chil_reviews',
  schema: z.object({ review_id: z.string(), paper_id: z.string(), score: z.number() }),
  key: 'review_id',
  fields: { review_id: 'column', paper_id: 'index' },
  references: { paper_id: { collection: 'chil_papers', onDelete: 'cascade' } },
})

const venues = defineCollection({
  name: 'chil_venues',
  schema: z.object({ venue_id: z.string(), name: z.string() }),
  key: 'venue_id',
})

const drafts = defineCollection({
  name: 'chil_drafts',
  schema: z.object({ draft_id: z.string(), expires_at: isoTimestamp }),
  key: 'draft_id',
  expiresAt: 'expires_at',
})

function papersOf(store: BaseStore) {
  store.collection(reviews)
  return repository(store, papers, {
    relations: { reviews: hasMany(reviews, 'paper_id'), venue: belongsTo(venues, 'venue_id') },
  })
}

function aPaper(paper_id: string, more: { readonly year?: number; readonly venue_id?: string } = {}) {
  return { paper_id, title: `On ${paper_id}`, year: 2026, ...more }
}

const recordCases: readonly AgentCase[] = [
  {
    id: 'chil-repository-life',
    title: 'a record is created once, read, changed and deleted once',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      assert.equal(await repo.create(aPaper('a')), 1)
      await assertFails(repo.create(aPaper('a', { year: 1999 })), 'ALREADY_EXISTS')
      assert.deepEqual(await repo.get('a'), aPaper('a'))
      assert.equal(await repo.update('a', { year: 2027 }), 2)
      assert.equal(await repo.update('a', (paper) => ({ ...paper, year: paper.year + 1 })), 3)
      await assertFails(repo.update('a', { year: 1 }, { ifVersion: 2 }), 'VERSION_CONFLICT')
      assert.deepEqual(await repo.get('a'), aPaper('a', { year: 2028 }))
      assert.equal(await repo.delete('a'), true)
      assert.equal(await repo.delete('a'), false)
      assert.equal(await repo.get('a'), undefined)
      await assertFails(repo.update('a', { year: 1 }), 'NOT_FOUND')
    },
  },
  {
    id: 'chil-repository-lists',
    title: 'lists filter and sort, by page and one by one, and count',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      await repo.bulkCreate(['a', 'b', 'c', 'd'].map((id, place) => aPaper(id, { year: 2020 + place })))
      const newest = { where: { year: { gt: 2020 } }, orderBy: { year: 'desc' } } as const
      assert.deepEqual(ids(await repo.list(newest)), ['d', 'c', 'b'])
      assert.deepEqual(ids(await repo.list({ ...newest, limit: 1, offset: 1 })), ['c'])
      const first = await repo.page({ ...newest, limit: 2 })
      const second = await repo.page({ ...newest, limit: 2, cursor: first.next })
      assert.deepEqual([ids(first.records), ids(second.records)], [['d', 'c'], ['b']])
      assert.equal(second.next, undefined)
      assert.deepEqual(ids(await gathered(repo.iterate({ limit: 1, offset: 1 }))), ['b', 'c', 'd'])
      assert.equal(await repo.count(), 4)
      assert.equal(await repo.count({ year: 2021 }), 1)
      assert.deepEqual(await repo.list({ where: { limit: { exists: true } } }), [])
    },
  },
  {
    id: 'chil-repository-bulk-create',
    title: 'a bulk creation is all or nothing and names what does not fit',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      assert.deepEqual(await repo.bulkCreate([aPaper('a'), aPaper('b')]), [1, 1])
      await assertFails(repo.bulkCreate([aPaper('c'), aPaper('b')]), 'ALREADY_EXISTS', { index: 1 })
      const bad = unchecked({ ...aPaper('c'), colour: 'red' })
      await assertFails(repo.bulkCreate([aPaper('d'), bad]), 'INVALID_ARGUMENT', { index: 1 })
      assert.equal(await repo.count(), 2)
    },
  },
  {
    id: 'chil-repository-bulk-update',
    title: 'a bulk update is all or nothing, and a later change sees the earlier',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      await repo.bulkCreate([aPaper('a'), aPaper('b')])
      const later = {
        key: 'a',
        change: (paper: { year: number }) => ({ ...aPaper('a'), year: paper.year + 1 }),
      }
      const versions = await repo.bulkUpdate([
        { key: 'a', change: { year: 2030 } },
        { key: 'b', change: { title: 'B' } },
        later,
      ])
      assert.deepEqual(versions, [2, 2, 3])
      assert.equal((await repo.get('a'))?.year, 2031)
      const missing = [
        { key: 'b', change: { year: 1 } },
        { key: 'nobody', change: { year: 1 } },
      ]
      await assertFails(repo.bulkUpdate(missing), 'NOT_FOUND', { index: 1 })
      const guarded = { key: 'b', change: { year: 1 }, ifVersion: 7 }
      for (const bad of ['a', [{ key: 'b' }], [{ key: 'b', change: { paper_id: 'z' } }], [guarded]]) {
        await assertFails(repo.bulkUpdate(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await repo.get('b'), { ...aPaper('b'), title: 'B' })
      assert.deepEqual(await repo.bulkUpdate([]), [])
    },
  },
  {
    id: 'chil-repository-deadline',
    title: 'a bulk update keeps deadlines, as an update does',
    methods: [],
    inTransactions: false,
    run: async ({ store, clock }) => {
      const repo = papersOf(store)
      await repo.create(aPaper('a'), { ttlMs: 1_000 })
      await repo.bulkUpdate([{ key: 'a', change: { year: 1 } }])
      clock.advance(999)
      assert.equal((await repo.get('a'))?.year, 1)
      clock.advance(1)
      assert.equal(await repo.get('a'), undefined)
      await assertFails(repo.bulkUpdate([{ key: 'a', change: { year: 2 } }]), 'NOT_FOUND')
    },
  },
  {
    id: 'chil-repository-deadline-member',
    title: 'a bulk update moves a deadline that stands in the records',
    methods: [],
    inTransactions: false,
    run: async ({ store, clock }) => {
      const repo = repository(store, drafts)
      const inMs = (ms: number) => new Date(clock.now() + ms).toISOString()
      await repo.create({ draft_id: 'a', expires_at: inMs(1_000) })
      await repo.bulkUpdate([{ key: 'a', change: { expires_at: inMs(2_000) } }])
      clock.advance(1_999)
      assert.ok(await repo.get('a'))
      clock.advance(1)
      assert.equal(await repo.get('a'), undefined)
    },
  },
  {
    id: 'chil-repository-bulk-delete',
    title: 'a bulk deletion takes keys or a filter, and everything only when told so',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      await repo.bulkCreate(['a', 'b', 'c', 'd'].map((id, place) => aPaper(id, { year: 2020 + place })))
      assert.equal(await repo.bulkDelete(['a', 'nobody']), 1)
      assert.equal(await repo.bulkDelete({ year: { gt: 2022 } }), 1)
      await assertFails(repo.bulkDelete({}), 'INVALID_ARGUMENT')
      assert.deepEqual(ids(await repo.list()), ['b', 'c'])
      assert.equal(await repo.bulkDelete({ all: true }), 2)
    },
  },
]

const relationCases: readonly AgentCase[] = [
  {
    id: 'chil-repository-with',
    title: 'related records come along when they are asked for, many or one',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      await store.collection(venues).insert({ venue_id: 'v', name: 'V' })
      await repo.bulkCreate([aPaper('a', { venue_id: 'v' }), aPaper('b', { venue_id: 'gone' }), aPaper('c')])
      const review = (review_id: string, paper_id: string) => ({ review_id, paper_id, score: 1 })
      const written = [review('1', 'a'), review('2', 'b'), review('3', 'a')]
      await store.collection(reviews).insertMany(written)
      const whole = await repo.get('a', { with: ['reviews', 'venue'] })
      assert.deepEqual(whole, {
        ...aPaper('a', { venue_id: 'v' }),
        reviews: [review('1', 'a'), review('3', 'a')],
        venue: { venue_id: 'v', name: 'V' },
      })
      assert.equal(await repo.get('nobody', { with: ['reviews'] }), undefined)
      const all = await repo.list({ with: ['reviews', 'venue'] })
      assert.deepEqual(
        all.map((each) => [each.reviews.length, each.venue?.name]),
        [
          [2, 'V'],
          [1, undefined],
          [0, undefined],
        ],
      )
      const one = await repo.page({ with: ['reviews'], limit: 1 })
      assert.equal(one.records[0]?.reviews.length, 2)
      assert.equal((await gathered(repo.iterate({ with: ['reviews'], limit: 1 })))[1]?.reviews.length, 1)
      assert.equal(await repo.delete('a'), true)
      assert.equal(await store.collection(reviews).count(), 1)
    },
  },
  {
    id: 'chil-repository-with-fresh',
    title: 'related records are read around the cache when the record is',
    methods: [],
    alone: true,
    inTransactions: false,
    run: async ({ store, tamper }) => {
      const repo = papersOf(store)
      await store.collection(venues).insert({ venue_id: 'v', name: 'old' })
      await repo.create(aPaper('a', { venue_id: 'v' }))
      await repo.get('a', { with: ['venue'] })
      const renamed = await tamper('chil_venues', 'v', (document) => document.replace('old', 'new'))
      const fresh = await repo.get('a', { with: ['venue'], consistency: 'strong' })
      assert.equal(fresh?.venue?.name, renamed ? 'new' : 'old')
    },
  },
  {
    id: 'chil-repository-with-many',
    title: 'the related records of one page are bounded, so that smaller pages can be asked for',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      await repo.bulkCreate([aPaper('few'), aPaper('many')])
      await store.collection(reviews).insert({ review_id: 'only', paper_id: 'few', score: 1 })
      const many = Array.from({ length: 10_000 }, (_each, index) => ({
        review_id: `r${index}`,
        paper_id: 'many',
        score: index,
      }))
      await store.collection(reviews).insertMany(many)
      assert.equal((await repo.get('many', { with: ['reviews'] }))?.reviews.length, 10_000)
      await assertFails(repo.list({ with: ['reviews'] }), 'LIMIT_EXCEEDED')
      assert.equal((await gathered(repo.iterate({ with: ['reviews'], limit: 1 }))).length, 2)
    },
  },
  {
    id: 'chil-repository-transaction',
    title: 'on the handle of a transaction it belongs to the transaction',
    methods: [],
    inTransactions: false,
    run: async ({ store, otherTenant }) => {
      const failing = store.transaction(async (transaction) => {
        const repo = papersOf(transaction)
        await repo.bulkCreate([aPaper('a'), aPaper('b')])
        await repo.bulkUpdate([{ key: 'a', change: { year: 1 } }])
        assert.deepEqual(ids(await repo.list({ where: { year: 1 }, with: ['reviews'] })), ['a'])
        throw new Error('changed my mind')
      })
      await assert.rejects(failing, /changed my mind/)
      assert.equal(await papersOf(store).count(), 0)
      await papersOf(store).create(aPaper('a'))
      assert.equal(await papersOf(otherTenant).count(), 0)
    },
  },
  {
    id: 'chil-repository-bad-relations',
    title: 'unknown relations, options and members are refused by name',
    methods: [],
    inTransactions: false,
    run: async ({ store }) => {
      const repo = papersOf(store)
      const unknown = /unknown relation 'authors'; known are reviews, venue/
      const asked = unchecked({ with: ['authors'] })
      await assertFails(repo.get('a', asked), 'INVALID_ARGUMENT', { message: unknown })
      await assertFails(repo.list(asked), 'INVALID_ARGUMENT', { message: unknown })
      await assertFails(gathered(repo.iterate(asked)), 'INVALID_ARGUMENT', { message: unknown })
      await assertFails(repo.page(unchecked({ with: 'reviews' })), 'INVALID_ARGUMENT', { message: /array/ })
      await assertFails(repo.list(unchecked({ colour: 'red' })), 'INVALID_ARGUMENT', { message: /colour/ })
      await assertFails(repo.get('a', unchecked(null)), 'INVALID_ARGUMENT')
      await assertFails(repo.page(unchecked(null)), 'INVALID_ARGUMENT')
      await assertFails(gathered(repo.iterate(unchecked(null))), 'INVALID_ARGUMENT')
      const made = async (options: unknown) => repository(store, papers, unchecked(options))
      await assertFails(made({ relation: {} }), 'INVALID_ARGUMENT', { message: /'relation'/ })
      const taken = { relations: { title: hasMany(reviews, 'paper_id') } }
      await assertFails(made(taken), 'INVALID_ARGUMENT', { message: /'title'/ })
      const astray = { relations: { editor: belongsTo(venues, 'editor_id') } }
      await assertFails(made(astray), 'INVALID_ARGUMENT', { message: /'editor_id'/ })
      const unasked = async () => hasMany(reviews, unchecked('score'))
      await assertFails(unasked, 'INVALID_ARGUMENT', { message: /'score'/ })
    },
  },
]

function ids(records: readonly { readonly paper_id: string }[]): string[] {
  return records.map((each) => each.paper_id)
}

export const chilRepositoryCases: readonly AgentCase[] = [...recordCases, ...relationCases]
