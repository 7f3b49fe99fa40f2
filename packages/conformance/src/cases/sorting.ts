import assert from 'node:assert/strict'
import { type Collection, defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'

const rows = defineCollection({
  name: 'rows',
  schema: z.object({
    id: z.string(),
    text: z.string().nullish(),
    integer: z.int().nullish(),
    number: z.number().nullish(),
    boolean: z.boolean().nullish(),
    timestamp: isoTimestamp.nullish(),
    group: z.string().nullish(),
    rank: z.int().nullish(),
    weight: z.int().nullish(),
  }),
  key: 'id',
  fields: {
    text: 'index',
    integer: 'index',
    number: 'index',
    boolean: 'index',
    timestamp: 'index',
    group: 'index',
    rank: 'index',
    weight: 'column',
  },
  indexes: [['group', 'rank']],
})
type Row = z.output<typeof rows.schema>
type Rows = Collection<Row, keyof Row>

/** Values of each type in their order. */
const VALUES = {
  text: ['', ' ', '10', '9', 'B', 'a', 'é', '\uffff', '\u{1f600}'],
  integer: [-10, -9, 0, 9, 10],
  number: [-1e300, -0.5, 0, 0.25, 1e300],
  boolean: [false, true],
  timestamp: ['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z'],
} as const

const GROUPS = [undefined, null, 'a', 'b']
const RANKS = [undefined, null, -1, 2, 10]

type Direction = 'asc' | 'desc'
const DIRECTIONS: readonly (readonly [Direction, Direction])[] = [
  ['asc', 'asc'],
  ['asc', 'desc'],
  ['desc', 'asc'],
  ['desc', 'desc'],
]

/** V8: the order of answers. */
export const sortingCases: readonly Case[] = [
  ...Object.entries(VALUES).flatMap(([field, values]): Case[] => [
    {
      id: `V8-${field}-upwards`,
      clause: 'V8',
      title: `${field}: null and absent first, then values in their order, ties by key`,
      run: async (context) => {
        const { collection, expected } = await filledByType(context, field, values)
        const page = await collection.find({ orderBy: { [field]: 'asc' } })
        assert.deepEqual(keysOf(page.records), expected)
      },
    },
    {
      id: `V8-${field}-downwards`,
      clause: 'V8',
      title: `${field}: descending is the exact reverse, nulls last, ties by key downwards`,
      run: async (context) => {
        const { collection, expected } = await filledByType(context, field, values)
        const page = await collection.find({ orderBy: { [field]: 'desc' } })
        assert.deepEqual(keysOf(page.records), [...expected].reverse())
      },
    },
  ]),
  ...(['rank', 'weight'] as const).flatMap((second) =>
    DIRECTIONS.map(
      ([first, then]): Case => ({
        id: `V8-two-fields-${second}-${first}-${then}`,
        clause: 'V8',
        title: `group ${first}, then ${second} ${then}: each in its own direction, ties by key ${then}`,
        run: async (context) => {
          const { collection, records } = await filledByGroups(context)
          const page = await collection.find({
            orderBy: [{ group: first }, { [second]: then }],
            limit: 1_000,
          })
          const expected = [...records].sort(
            (left, right) =>
              by(first, compareNullable(left.group, right.group)) ||
              by(then, compareNullable(left[second], right[second])) ||
              by(then, left.id < right.id ? -1 : 1),
          )
          assert.deepEqual(keysOf(page.records), keysOf(expected))
        },
      }),
    ),
  ),
  {
    id: 'V8-key',
    clause: 'V8',
    title: 'without orderBy the order is by key; the key can be asked for in both directions',
    run: async (context) => {
      const collection = context.store().collection(rows)
      await collection.putMany(['b', 'a', 'c', 'B'].map((id) => ({ id })))
      assert.deepEqual(keysOf((await collection.find()).records), ['B', 'a', 'b', 'c'])
      assert.deepEqual(keysOf((await collection.find({ orderBy: 'id' })).records), ['B', 'a', 'b', 'c'])
      assert.deepEqual(keysOf((await collection.find({ orderBy: { id: 'desc' } })).records), [
        'c',
        'b',
        'a',
        'B',
      ])
    },
  },
  {
    id: 'V8-key-against-field',
    clause: 'V8',
    title: 'ties can be broken by key against the direction of the field',
    run: async (context) => {
      const collection = context.store().collection(rows)
      await collection.putMany([
        { id: 'a', integer: 1 },
        { id: 'b', integer: 2 },
        { id: 'c', integer: 1 },
        { id: 'd', integer: 2 },
      ])
      const downUp = await collection.find({ orderBy: [{ integer: 'desc' }, { id: 'asc' }] })
      assert.deepEqual(keysOf(downUp.records), ['b', 'd', 'a', 'c'])
      const upDown = await collection.find({ orderBy: [{ integer: 'asc' }, { id: 'desc' }] })
      assert.deepEqual(keysOf(upDown.records), ['c', 'a', 'd', 'b'])
    },
  },
  {
    id: 'V8-key-first',
    clause: 'V8',
    title: 'what is asked for behind the key changes nothing',
    run: async (context) => {
      const { collection } = await filledByGroups(context)
      const plain = await collection.find({ orderBy: 'id', limit: 1_000 })
      const more = await collection.find({ orderBy: [{ id: 'asc' }, { rank: 'desc' }], limit: 1_000 })
      assert.deepEqual(more.records, plain.records)
    },
  },
  {
    id: 'V8-forms',
    clause: 'V8',
    title: 'a name, an object and a list say the same order',
    run: async (context) => {
      const { collection } = await filledByGroups(context)
      const asked = ['rank', { rank: 'asc' }, [{ rank: 'asc' }]] as const
      const pages = await Promise.all(asked.map((orderBy) => collection.find({ orderBy, limit: 1_000 })))
      assert.deepEqual(pages[1]?.records, pages[0]?.records)
      assert.deepEqual(pages[2]?.records, pages[0]?.records)
      const several = await collection.find({ orderBy: { group: 'desc', rank: 'asc' }, limit: 1_000 })
      const list = await collection.find({ orderBy: [{ group: 'desc' }, { rank: 'asc' }], limit: 1_000 })
      assert.deepEqual(several.records, list.records)
    },
  },
  {
    id: 'V8-after-update',
    clause: 'V8',
    title: 'a record moves to its new place when it is updated, and stands nowhere else',
    run: async (context) => {
      const collection = context.store().collection(rows)
      await collection.putMany([1, 2, 3].map((integer) => ({ id: `${integer}`, integer })))
      await collection.update('1', { integer: 9 })
      await collection.update('3', { integer: null })
      assert.deepEqual(keysOf((await collection.find({ orderBy: 'integer' })).records), ['3', '2', '1'])
    },
  },
]

/** Two records per value, and two without one; the keys are in no order that a field has. */
async function filledByType(context: CaseContext, field: string, values: readonly unknown[]) {
  const collection: Rows = context.store().collection(rows)
  const groups = [[{}, { [field]: null }], ...values.map((value) => [{ [field]: value }, { [field]: value }])]
  const placed = groups.map((group, place) =>
    group.map((members, twin) => ({ id: `${(place * 7) % 11}-${twin}-${place}`, ...members })),
  )
  await collection.putMany(placed.flat())
  const expected = placed.flatMap((group) => keysOf(group).sort())
  return { collection, expected }
}

async function filledByGroups(context: CaseContext) {
  const collection: Rows = context.store().collection(rows)
  const records = GROUPS.flatMap((group, first) =>
    RANKS.flatMap((rank, second) =>
      ['x', 'y'].map((twin) => ({
        id: `${twin}${(first * 5 + second * 3) % 7}${first}${second}`,
        ...(group !== undefined && { group }),
        ...(rank !== undefined && { rank, weight: rank }),
      })),
    ),
  )
  await collection.putMany(records)
  return { collection, records: records as readonly Row[] }
}

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}

function by(direction: Direction, difference: number): number {
  return direction === 'asc' ? difference : -difference
}

/** Enough for the plain values above; an independent word on what core's own comparison says. */
function compareNullable(left: string | number | null | undefined, right: typeof left): number {
  if (left == null || right == null) return Number(left != null) - Number(right != null)
  return left < right ? -1 : left > right ? 1 : 0
}
