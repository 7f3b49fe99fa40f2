import assert from 'node:assert/strict'
import { type Collection, defineCollection, type FindOptions } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'
import { cursorCases } from './cursors.ts'

const rows = defineCollection({
  name: 'rows',
  schema: z.object({
    id: z.string(),
    group: z.string().nullish(),
    rank: z.int().nullish(),
    weight: z.number().nullish(),
    tags: z.array(z.string()).optional(),
  }),
  key: 'id',
  fields: { group: 'index', rank: 'index', weight: 'column', tags: 'index' },
  indexes: [['group', 'rank']],
})
type Row = z.output<typeof rows.schema>
type Rows = Collection<Row, keyof Row>
type Options = FindOptions<keyof Row>

const BAD_LIMITS = [0, -1, 1.5, 1_001, Number.NaN, Number.POSITIVE_INFINITY, '10', true, [1]]
const BAD_OFFSETS = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1']

/** Questions whose answers are full of ties and nulls. */
const QUESTIONS: readonly (readonly [word: string, options: Options])[] = [
  ['key', {}],
  ['key-down', { orderBy: { id: 'desc' } }],
  ['ties', { orderBy: 'group' }],
  ['ties-down', { orderBy: { group: 'desc' } }],
  ['integers', { orderBy: 'rank' }],
  ['integers-down', { orderBy: { rank: 'desc' } }],
  ['numbers', { orderBy: 'weight' }],
  ['numbers-down', { orderBy: { weight: 'desc' } }],
  ['up-up', { orderBy: [{ group: 'asc' }, { rank: 'asc' }] }],
  ['up-down', { orderBy: [{ group: 'asc' }, { rank: 'desc' }] }],
  ['down-up', { orderBy: [{ group: 'desc' }, { rank: 'asc' }] }],
  ['down-down', { orderBy: [{ group: 'desc' }, { rank: 'desc' }] }],
  ['no-index', { orderBy: [{ weight: 'desc' }, { group: 'asc' }] }],
  ['ties-against-key', { orderBy: [{ group: 'asc' }, { id: 'desc' }] }],
  ['filter', { where: { rank: { gte: 1 } }, orderBy: { rank: 'desc' } }],
  ['other-filter', { where: { group: 'b' }, orderBy: { weight: 'asc' } }],
  ['null-filter', { where: { group: null }, orderBy: 'rank' }],
  ['or', { where: { or: [{ group: 'a' }, { rank: 2 }, { rank: null }] }, orderBy: { group: 'desc' } }],
  ['members', { where: { tags: { hasAny: ['x', 'y'] } }, orderBy: { rank: 'desc' } }],
]

/** R2: pages. */
export const pagingCases: readonly Case[] = [
  ...BAD_LIMITS.map(
    (limit): Case => ({
      id: `R2-limit-${wordOf(limit)}`,
      clause: 'R2',
      title: `a limit of ${JSON.stringify(limit) ?? limit} (${typeof limit}) is refused`,
      run: async (context) => {
        const collection = context.store().collection(rows)
        await assertRefused(() => collection.find({ limit: unchecked(limit) }), /limit/)
        await assertRefused(() => collection.iterate({ limit: unchecked(limit) }).next(), /limit/)
      },
    }),
  ),
  ...BAD_OFFSETS.map(
    (offset): Case => ({
      id: `R2-offset-${wordOf(offset)}`,
      clause: 'R2',
      title: `an offset of ${JSON.stringify(offset) ?? offset} (${typeof offset}) is refused`,
      run: async (context) => {
        const collection = context.store().collection(rows)
        await assertRefused(() => collection.find({ offset: unchecked(offset) }), /offset/)
      },
    }),
  ),
  {
    id: 'R2-default-limit',
    clause: 'R2',
    title: 'a page has 100 records unless its limit says otherwise',
    run: async (context) => {
      const collection = await numbered(context, 101)
      const page = await collection.find()
      assert.equal(page.records.length, 100)
      assert.equal((await collection.find({ limit: 101 })).records.length, 101)
    },
  },
  {
    id: 'R2-largest-limit',
    clause: 'R2',
    title: 'a page may have 1,000 records',
    run: async (context) => {
      const collection = await numbered(context, 1_001)
      const page = await collection.find({ limit: 1_000 })
      assert.equal(page.records.length, 1_000)
      const rest = await collection.find({ limit: 1_000, ...cursorOf(page) })
      assert.deepEqual([rest.records.length, rest.next], [1, undefined])
    },
  },
  {
    id: 'R2-last-page',
    clause: 'R2',
    title: 'the last page has no cursor, also when it is exactly full or there is nothing at all',
    run: async (context) => {
      const collection = context.store().collection(rows)
      assert.deepEqual(await collection.find(), { records: [], next: undefined })
      await collection.putMany(Array.from({ length: 4 }, (_, n) => ({ id: `${n}` })))
      assert.equal((await collection.find({ limit: 4 })).next, undefined)
      const first = await collection.find({ limit: 2 })
      assert.equal(typeof first.next, 'string')
      assert.equal((await collection.find({ limit: 2, ...cursorOf(first) })).next, undefined)
    },
  },
  ...QUESTIONS.map(
    ([word, options]): Case => ({
      id: `R2-walk-${word}`,
      clause: 'R2',
      title: `pages of any size make up the whole answer, each record once (${word})`,
      run: async (context) => {
        const collection = await filled(context)
        const whole = keysOf((await collection.find({ ...options, limit: 1_000 })).records)
        assert.ok(whole.length > 5)
        for (const limit of [1, 2, 3, 7]) {
          const seen: string[] = []
          for await (const record of collection.iterate({ ...options, limit })) seen.push(record.id)
          assert.deepEqual(seen, whole, `pages of ${limit}`)
        }
      },
    }),
  ),
  {
    id: 'R2-page-sizes',
    clause: 'R2',
    title: 'the size of the page may change from one page to the next',
    run: async (context) => {
      const collection = await numbered(context, 10)
      const first = await collection.find({ limit: 3 })
      const second = await collection.find({ limit: 1, ...cursorOf(first) })
      const third = await collection.find({ limit: 100, ...cursorOf(second) })
      assert.deepEqual(keysOf(second.records), ['k0003'])
      assert.deepEqual(keysOf(third.records), ['k0004', 'k0005', 'k0006', 'k0007', 'k0008', 'k0009'])
    },
  },
  {
    id: 'R2-offset',
    clause: 'R2',
    title: 'an offset passes over so many records of the answer',
    run: async (context) => {
      const collection = await filled(context)
      for (const orderBy of ['group', { rank: 'desc' }, { weight: 'asc' }] as const) {
        const whole = keysOf((await collection.find({ orderBy, limit: 1_000 })).records)
        for (const offset of [0, 1, 5, whole.length - 1, whole.length, whole.length + 5]) {
          const page = await collection.find({ orderBy, offset, limit: 4 })
          assert.deepEqual(keysOf(page.records), whole.slice(offset, offset + 4))
          assert.equal(page.next === undefined, offset + 4 >= whole.length)
        }
      }
    },
  },
  {
    id: 'R2-offset-then-cursor',
    clause: 'R2',
    title: 'a cursor goes on behind a page with an offset, and iterate applies the offset once',
    run: async (context) => {
      const collection = await numbered(context, 10)
      const page = await collection.find({ offset: 4, limit: 2 })
      assert.deepEqual(keysOf((await collection.find({ limit: 2, ...cursorOf(page) })).records), [
        'k0006',
        'k0007',
      ])
      const seen: string[] = []
      for await (const record of collection.iterate({ offset: 4, limit: 2 })) seen.push(record.id)
      assert.deepEqual(seen, ['k0004', 'k0005', 'k0006', 'k0007', 'k0008', 'k0009'])
    },
  },
  {
    id: 'R2-inserts',
    clause: 'R2',
    title: 'records inserted between pages, before and behind the cursor, make none be skipped or repeated',
    run: (context) =>
      assertStable(context, async (collection, page) => {
        await collection.putMany([
          { id: `a${page}`, group: 'a', rank: page % 3 },
          { id: `z${page}`, group: 'b', rank: page % 3 },
        ])
      }),
  },
  {
    id: 'R2-deletes',
    clause: 'R2',
    title:
      'records deleted between pages, that under the cursor included, make no other be skipped or repeated',
    run: (context) =>
      assertStable(context, async (collection, _page, seen) => {
        const last = seen.at(-1)
        if (last !== undefined) await collection.delete(last)
        if (seen[0] !== undefined) await collection.delete(seen[0])
      }),
  },
  {
    id: 'R2-updates',
    clause: 'R2',
    title: 'records updated between pages in members that do not order them are seen once',
    run: (context) =>
      assertStable(context, async (collection, _page, seen) => {
        for (const key of seen) await collection.update(key, { weight: 99 }).catch(() => undefined)
      }),
  },
  {
    id: 'R2-delete-while-iterating',
    clause: 'R2',
    title: 'every record can be deleted while all are walked',
    run: async (context) => {
      const collection = await numbered(context, 25)
      const seen: string[] = []
      for await (const record of collection.iterate({ limit: 4 })) {
        seen.push(record.id)
        assert.equal(await collection.delete(record.id), true)
      }
      assert.deepEqual([seen.length, await collection.count()], [25, 0])
    },
  },
  {
    id: 'R2-iterate-in-part',
    clause: 'R2',
    title: 'a walk that is given up holds nothing: everything else goes on',
    run: async (context) => {
      const collection = await numbered(context, 10)
      for await (const record of collection.iterate({ limit: 2 })) if (record.id === 'k0003') break
      assert.equal(await collection.deleteMany({ all: true }), 10)
    },
  },
  {
    id: 'R2-many-walks',
    clause: 'R2',
    title: 'many walks at once do not disturb one another, though none is finished',
    run: async (context) => {
      const collection = await numbered(context, 6)
      const walks = Array.from({ length: 50 }, () => collection.iterate({ limit: 1 }))
      for (let step = 0; step < 5; step++) {
        const answers = await Promise.all(walks.map((walk) => walk.next()))
        assert.deepEqual(new Set(answers.map((answer) => answer.value?.id)), new Set([`k000${step}`]))
      }
      await collection.put({ id: 'k0005', rank: 77 })
      const last = await Promise.all(walks.map((walk) => walk.next()))
      assert.deepEqual(new Set(last.map((answer) => answer.value?.rank)), new Set([77]))
    },
  },
  ...cursorCases,
]

function wordOf(value: unknown): string {
  return `${typeof value}-${String(value).toLowerCase()}`
}

function cursorOf(page: { readonly next: string | undefined }): { readonly cursor: string } {
  assert.ok(page.next !== undefined)
  return { cursor: page.next }
}

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}

async function numbered(context: CaseContext, count: number): Promise<Rows> {
  const collection = context.store().collection(rows)
  await collection.putMany(
    Array.from({ length: count }, (_, n) => ({ id: `k${String(n).padStart(4, '0')}` })),
  )
  return collection
}

/** Every combination of a few groups, ranks and weights, absent and null among them. */
async function filled(context: CaseContext): Promise<Rows> {
  const collection = context.store().collection(rows)
  const records = [undefined, null, 'a', 'b'].flatMap((group, first) =>
    [undefined, null, 1, 2].flatMap((rank, second) =>
      ['m', 'k'].map((twin, third) => ({
        id: `${(first * 3 + second * 5) % 7}${twin}${first}${second}`,
        ...(group !== undefined && { group }),
        ...(rank !== undefined && { rank }),
        ...(second !== 3 && { weight: (first + second) % 2 === 0 ? null : (first * second + third) / 4 }),
        tags: [['x'], ['x', 'y'], ['z'], []][(first + third) % 4] ?? [],
      })),
    ),
  )
  await collection.putMany(records)
  return collection
}

/** Walks by fields full of ties, with something done between pages, and looks what was seen of the records that stayed. */
async function assertStable(
  context: CaseContext,
  between: (collection: Rows, page: number, seen: readonly string[]) => Promise<void>,
): Promise<void> {
  const collection = context.store().collection(rows)
  const keys = Array.from({ length: 24 }, (_, n) => `k${String(n).padStart(2, '0')}`)
  for (const direction of ['asc', 'desc'] as const) {
    await collection.clear()
    await collection.putMany(keys.map((id, n) => ({ id, group: n % 2 === 0 ? 'a' : 'b', rank: n % 3 })))
    const query = { orderBy: [{ group: direction }, { rank: direction }], limit: 5 }
    const whole = keysOf((await collection.find({ ...query, limit: 1_000 })).records)
    const seen: string[] = []
    let cursor: string | undefined
    for (let page = 0; page === 0 || cursor !== undefined; page++) {
      const answer = await collection.find({ ...query, ...(cursor !== undefined && { cursor }) })
      seen.push(...keysOf(answer.records).filter((key) => keys.includes(key)))
      cursor = answer.next
      await between(collection, page, seen)
    }
    assert.deepEqual(seen, whole, direction)
  }
}
