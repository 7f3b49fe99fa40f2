import assert from 'node:assert/strict'
import { type Collection, defineCollection, type Filter } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { filterRefusalCases } from './filter-refusals.ts'
import { randomQueryCases } from './random-queries.ts'

const tasks = defineCollection({
  name: 'tasks',
  schema: z.object({
    id: z.string(),
    title: z.string().optional(),
    rank: z.int().optional(),
    score: z.number().optional(),
    open: z.boolean().optional(),
    tags: z.array(z.string()).optional(),
    origin: z.object({ agent: z.object({ name: z.string() }).optional() }).optional(),
  }),
  key: 'id',
  fields: {
    title: 'index',
    rank: 'index',
    score: 'column',
    open: 'column',
    tags: 'index',
    agent: { path: 'origin.agent.name' },
  },
  indexes: [['title', 'rank']],
})
type Task = z.output<typeof tasks.schema>
type Names = 'id' | 'title' | 'rank' | 'score' | 'open' | 'tags' | 'agent'

const TASKS: readonly Task[] = [
  {
    id: 'a',
    title: 'x',
    rank: 1,
    score: 0.5,
    open: true,
    tags: ['red', 'blue'],
    origin: { agent: { name: 'ann' } },
  },
  {
    id: 'b',
    title: 'y',
    rank: 2,
    score: 0.5,
    open: false,
    tags: ['red'],
    origin: { agent: { name: 'bob' } },
  },
  { id: 'c', title: 'x', rank: 3, score: 1.5, open: true, tags: [], origin: {} },
  { id: 'd', title: 'Y', rank: 2, score: -1, open: false, tags: ['blue', 'blue', ''] },
  { id: 'e', tags: ['Red', 'green'] },
]

/** Filters, and the keys of the tasks above that each of them means. */
const MEANINGS: readonly (readonly [word: string, where: Filter<Names>, keys: string])[] = [
  ['all', {}, 'abcde'],
  ['value', { title: 'x' }, 'ac'],
  ['eq', { title: { eq: 'x' } }, 'ac'],
  ['eq-is-case-sensitive', { title: 'y' }, 'b'],
  ['ne', { title: { ne: 'x' } }, 'bd'],
  ['gt', { rank: { gt: 2 } }, 'c'],
  ['gte', { rank: { gte: 2 } }, 'bcd'],
  ['lt', { rank: { lt: 2 } }, 'a'],
  ['lte', { rank: { lte: 2 } }, 'abd'],
  ['range', { rank: { gt: 1, lt: 3 } }, 'bd'],
  ['empty-range', { rank: { gt: 2, lt: 2 } }, ''],
  ['operators-all-hold', { rank: { gte: 2, ne: 3, in: [1, 2, 3] } }, 'bd'],
  ['fields-all-hold', { title: 'x', rank: 3 }, 'c'],
  ['negative', { score: { lt: 0 } }, 'd'],
  ['true', { open: true }, 'ac'],
  ['false', { open: false }, 'bd'],
  ['booleans-in-range', { open: { gt: false } }, 'ac'],
  ['in', { title: { in: ['x', 'Y'] } }, 'acd'],
  ['in-repeated', { title: { in: ['x', 'x', 'x'] } }, 'ac'],
  ['in-one', { rank: { in: [3] } }, 'c'],
  ['in-none', { title: { in: [] } }, ''],
  ['not-in-none', { not: { title: { in: [] } } }, 'abcde'],
  ['in-booleans', { open: { in: [true, false] } }, 'abcd'],
  ['has', { tags: { has: 'red' } }, 'ab'],
  ['has-is-case-sensitive', { tags: { has: 'Red' } }, 'e'],
  ['has-empty-text', { tags: { has: '' } }, 'd'],
  ['has-is-no-prefix', { tags: { has: 're' } }, ''],
  ['has-all', { tags: { hasAll: ['blue', 'red'] } }, 'a'],
  ['has-all-repeated', { tags: { hasAll: ['blue', 'blue'] } }, 'ad'],
  ['has-all-of-none', { tags: { hasAll: [] } }, 'abcde'],
  ['has-any', { tags: { hasAny: ['green', 'blue'] } }, 'ade'],
  ['has-any-of-none', { tags: { hasAny: [] } }, ''],
  ['has-any-and-all', { tags: { hasAny: ['green', 'blue'], hasAll: ['red'] } }, 'a'],
  ['and', { and: [{ title: 'x' }, { rank: { gt: 1 } }] }, 'c'],
  ['and-of-none', { and: [] }, 'abcde'],
  ['or', { or: [{ rank: 1 }, { title: 'Y' }] }, 'ad'],
  ['or-overlapping', { or: [{ title: 'x' }, { rank: 1 }, { open: true }] }, 'ac'],
  ['or-of-none', { or: [] }, ''],
  ['or-of-all', { or: [{}, { rank: 1 }] }, 'abcde'],
  ['or-beside-a-field', { open: true, or: [{ rank: 2 }, { rank: 3 }] }, 'c'],
  ['or-on-members', { or: [{ tags: { has: 'red' } }, { tags: { has: 'blue' } }] }, 'abd'],
  ['not', { not: { title: 'x' } }, 'bde'],
  ['not-of-two', { not: { title: 'x', rank: 1 } }, 'bcde'],
  ['not-of-all', { not: {} }, ''],
  ['not-of-not', { not: { not: { title: 'x' } } }, 'ac'],
  ['not-of-or', { not: { or: [{ title: 'x' }, { title: 'y' }] } }, 'de'],
  ['not-of-members', { not: { tags: { has: 'red' } } }, 'cde'],
  [
    'nested',
    {
      or: [
        { and: [{ open: true }, { not: { rank: 3 } }] },
        { not: { or: [{ open: true }, { open: false }] } },
      ],
    },
    'ae',
  ],
  ['key', { id: 'b' }, 'b'],
  ['key-in', { id: { in: ['e', 'no', 'a'] } }, 'ae'],
  ['key-range', { id: { gt: 'a', lte: 'c' } }, 'bc'],
  ['key-ne', { id: { ne: 'c' } }, 'abde'],
  ['key-exists', { id: { exists: true } }, 'abcde'],
  ['key-null', { id: null }, ''],
  ['path', { agent: 'ann' }, 'a'],
  ['path-prefix', { agent: { prefix: 'b' } }, 'b'],
  ['path-absent', { agent: null }, 'cde'],
]

/** R3 and R4: what filters mean and what they refuse. */
export const filterCases: readonly Case[] = [
  ...MEANINGS.map(
    ([word, where, keys]): Case => ({
      id: `R3-means-${word}`,
      clause: 'R3',
      title: `find, count and exists agree on ${JSON.stringify(where)}`,
      run: async (context) => {
        const collection = context.store().collection(tasks)
        await collection.putMany(TASKS)
        const page = await collection.find({ where })
        assert.equal(page.records.map((record) => record.id).join(''), keys)
        assert.equal(await collection.count(where), keys.length)
        assert.equal(await collection.exists(where), keys !== '')
      },
    }),
  ),
  {
    id: 'R3-in-many',
    clause: 'R3',
    title: 'in takes as many values as an engine has no parameters for, and answers each record once',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      await collection.putMany(TASKS)
      const ranks = Array.from({ length: 10_000 }, (_, n) => (n % 5_000) + 2)
      assert.equal(await collection.count({ rank: { in: ranks } }), 3)
      const keys = Array.from({ length: 10_000 }, (_, n) => `${n % 100}`)
      assert.deepEqual((await collection.find({ where: { id: { in: ['a', ...keys.slice(1)] } } })).records, [
        TASKS[0],
      ])
    },
  },
  {
    id: 'R3-members-after-update',
    clause: 'R3',
    title: 'members that an update took away no longer match, new ones do',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      await collection.putMany(TASKS)
      await collection.update('a', { tags: ['green', 'red'] })
      await collection.update('b', { tags: undefined })
      assert.equal(await keysFound(collection, { tags: { has: 'blue' } }), 'd')
      assert.equal(await keysFound(collection, { tags: { has: 'red' } }), 'a')
      assert.equal(await keysFound(collection, { tags: { has: 'green' } }), 'ae')
      assert.equal(await keysFound(collection, { tags: { exists: false } }), 'b')
    },
  },
  {
    id: 'R3-members-after-delete',
    clause: 'R3',
    title: 'a record that was deleted and stored anew matches by its new members alone',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      await collection.putMany(TASKS)
      await collection.delete('a')
      assert.equal(await keysFound(collection, { tags: { hasAny: ['red', 'blue'] } }), 'bd')
      await collection.put({ id: 'a', tags: ['green'] })
      assert.equal(await keysFound(collection, { tags: { hasAny: ['red', 'blue'] } }), 'bd')
      assert.equal(await keysFound(collection, { tags: { has: 'green' } }), 'ae')
    },
  },
  {
    id: 'R3-values-after-update',
    clause: 'R3',
    title: 'a record is found by its new values and no longer by its old ones',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      await collection.putMany(TASKS)
      await collection.update('a', { title: 'new', rank: 20, open: false })
      await collection.put({ id: 'c', title: 'new' })
      assert.equal(
        await keysFound(collection, { or: [{ title: 'x' }, { rank: 1 }, { rank: 3 }, { open: true }] }),
        '',
      )
      assert.equal(await keysFound(collection, { title: 'new' }), 'ac')
    },
  },
  {
    id: 'R3-odd-members',
    clause: 'R3',
    title: 'members with commas, quotation marks, brackets and the like are found exactly',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      const odd = [
        ',',
        '"',
        "'",
        '{}',
        '{a,b}',
        '[]',
        '\\',
        '%',
        '_',
        ' ',
        'null',
        'NULL',
        '\u0001',
        '\u{1f600}',
        'a,b',
      ]
      await collection.putMany(odd.map((tag, n) => ({ id: String.fromCharCode(97 + n), tags: [tag] })))
      for (const [n, tag] of odd.entries()) {
        assert.equal(await keysFound(collection, { tags: { has: tag } }), String.fromCharCode(97 + n))
        assert.equal(await keysFound(collection, { tags: { hasAny: [tag] } }), String.fromCharCode(97 + n))
      }
    },
  },
  {
    id: 'R3-words-of-sql',
    clause: 'R3',
    title: 'fields whose names are words of SQL are ordinary fields',
    run: async (context) => {
      const words = [
        'select',
        'order',
        'group',
        'table',
        'rowid',
        'oid',
        'ctid',
        'constructor',
        'toString',
        'version',
      ] as const
      const schema = z.object({ id: z.string(), ...Object.fromEntries(words.map((word) => [word, z.int()])) })
      const fields = Object.fromEntries(words.map((word) => [word, 'index' as const]))
      const reserved = defineCollection({ name: 'order', schema, key: 'id', fields })
      const collection = context.store().collection(reserved)
      const record = (id: string, base: number) =>
        ({ id, ...Object.fromEntries(words.map((word, n) => [word, base + n])) }) as z.output<typeof schema>
      await collection.putMany([record('a', 0), record('b', 100)])
      for (const [n, word] of words.entries()) {
        const page = await collection.find({ where: { [word]: 100 + n }, orderBy: word })
        assert.deepEqual(page.records, [record('b', 100)], word)
      }
    },
  },
  {
    id: 'R3-bulk-delete-all',
    clause: 'R3',
    title: 'a bulk delete of everything must be said in so many words',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      await collection.putMany(TASKS)
      assert.equal(await collection.deleteMany({ all: true }), 5)
      assert.equal(await collection.count(), 0)
    },
  },
  {
    id: 'R3-bulk-delete-some',
    clause: 'R3',
    title: 'a bulk delete removes what find answers for the same filter, and nothing else',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      for (const [, where, keys] of MEANINGS) {
        if (Object.keys(where).length === 0) continue
        await collection.putMany(TASKS)
        // What means everything may also be refused: that is said of the empty filter alone.
        if (keys.length === TASKS.length) continue
        assert.equal(await collection.deleteMany(where), keys.length, JSON.stringify(where))
        const left = TASKS.filter((task) => !keys.includes(task.id))
        assert.deepEqual((await collection.find()).records, left, JSON.stringify(where))
      }
    },
  },
  ...filterRefusalCases,
  ...randomQueryCases,
]

async function keysFound(collection: Collection<Task, Names>, where: Filter<Names>): Promise<string> {
  const page = await collection.find({ where })
  assert.equal(await collection.count(where), page.records.length)
  return page.records.map((record) => record.id).join('')
}
