import assert from 'node:assert/strict'
import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const tasks = defineCollection({
  name: 'tasks',
  schema: z.object({
    id: z.string(),
    title: z.string().optional(),
    rank: z.int().optional(),
    score: z.number().optional(),
    open: z.boolean().optional(),
    at: isoTimestamp.optional(),
    tags: z.array(z.string()).optional(),
    undeclared: z.string().optional(),
    shape: z.unknown(),
  }),
  key: 'id',
  fields: {
    title: 'index',
    rank: 'index',
    score: 'column',
    open: 'column',
    at: 'index',
    tags: 'index',
    shape: 'json',
  },
})

/** Filters that are refused, with what the refusal must say. */
const REFUSED: readonly (readonly [word: string, where: unknown, message: RegExp])[] = [
  ['unknown-field', { titel: 'x' }, /titel.*title.*rank/],
  ['undeclared-member', { undeclared: 'x' }, /undeclared.*title/],
  ['json-member', { shape: 1 }, /shape.*title/],
  ['path', { 'shape.a': 1 }, /shape\.a.*title/],
  ['inherited-name', { toString: 'x' }, /toString.*title/],
  ['constructor', { constructor: 'x' }, /constructor.*title/],
  ['proto', JSON.parse('{"__proto__":"x"}'), /__proto__.*title/],
  ['case-of-field', { Title: 'x' }, /Title.*title/],
  ['unknown-beside-known', { title: 'x', titel: 'y' }, /titel/],
  ['unknown-in-or', { or: [{ title: 'x' }, { titel: 'y' }] }, /titel/],
  ['unknown-in-not', { not: { and: [{ titel: 'y' }] } }, /titel/],
  ['unknown-operator', { title: { like: 'x%' } }, /like.*prefix/],
  ['dollar-operator', { rank: { $gt: 1 } }, /\$gt.*gt/],
  ['inherited-operator', { title: { toString: 'x' } }, /toString.*prefix/],
  ['unknown-word', { nor: [{ title: 'x' }] }, /nor.*title/],
  ['no-operator', { title: {} }, /title/],
  ['undefined', { title: undefined }, /title.*undefined/],
  ['undefined-operand', { rank: { gt: undefined } }, /gt.*undefined/],
  ['undefined-beside-others', { title: 'x', rank: undefined }, /rank.*undefined/],
  ['undefined-in-or', { or: [{ title: undefined }] }, /title.*undefined/],
  ['undefined-in-list', { title: { in: ['x', undefined] } }, /title/],
  ['undefined-word', { and: undefined }, /and/],
  ['null-in-list', { title: { in: ['x', null] } }, /title/],
  ['null-in-comparison', { rank: { gt: null } }, /rank/],
  ['in-without-list', { title: { in: 'x' } }, /in/],
  ['number-for-text', { title: 1 }, /title.*text/],
  ['text-for-integer', { rank: '1' }, /rank.*integer/],
  ['text-for-number', { score: '0.5' }, /score.*number/],
  ['boolean-for-integer', { rank: true }, /rank.*integer/],
  ['bigint-for-integer', { rank: 1n }, /rank.*integer/],
  ['nan-for-number', { score: Number.NaN }, /score.*number/],
  ['infinity-for-number', { score: { lt: Number.POSITIVE_INFINITY } }, /score.*number/],
  ['number-for-boolean', { open: 1 }, /open/],
  ['text-for-boolean', { open: 'true' }, /open/],
  ['number-for-timestamp', { at: 0 }, /at.*timestamp/],
  ['date-for-text', { title: new Date(0) }, /title/],
  ['date-for-integer', { rank: new Date(0) }, /rank/],
  ['invalid-date', { at: new Date(Number.NaN) }, /at.*timestamp/],
  ['list-for-value', { title: ['x'] }, /title/],
  ['class-for-value', { title: Object('x') }, /title/],
  ['pattern-for-value', { title: /x/ }, /title/],
  ['symbol-for-value', { title: Symbol('x') }, /title/],
  ['prefix-of-integer', { rank: { prefix: '1' } }, /prefix/],
  ['prefix-of-members', { tags: { prefix: 'r' } }, /prefix/],
  ['prefix-no-text', { title: { prefix: 1 } }, /title/],
  ['has-of-text', { title: { has: 'x' } }, /has/],
  ['has-no-text', { tags: { has: 1 } }, /tags/],
  ['has-all-no-list', { tags: { hasAll: 'red' } }, /hasAll/],
  ['has-any-null', { tags: { hasAny: [null] } }, /tags/],
  ['members-as-value', { tags: 'red' }, /tags/],
  ['members-in', { tags: { in: ['red'] } }, /tags/],
  ['exists-no-boolean', { title: { exists: 1 } }, /exists/],
  ['list-for-filter', [{ title: 'x' }], /filter/],
  ['text-for-filter', 'title', /filter/],
  ['null-for-filter', null, /filter/],
  ['map-for-filter', new Map([['title', 'x']]), /filter/],
  ['and-no-list', { and: { title: 'x' } }, /and/],
  ['or-of-texts', { or: ['title'] }, /filter/],
  ['not-a-list', { not: [{ title: 'x' }] }, /filter/],
  ['nul', { title: 'a\0' }, /title/],
  ['nul-in-prefix', { title: { prefix: '\0' } }, /title/],
  ['surrogate', { title: { gt: '\ud800' } }, /title/],
  ['surrogate-in-list', { title: { in: ['a', '\udc00'] } }, /title/],
  ['surrogate-in-prefix', { title: { prefix: 'a\ud83d' } }, /title/],
  ['surrogate-in-members', { tags: { hasAny: ['a', '\ud83d'] } }, /tags/],
  ['surrogate-in-key', { id: { in: ['\ud800'] } }, /id/],
  ['too-deep', deepFilter(200), /nested/],
  ['too-many', { or: Array.from({ length: 2_000 }, (_, rank) => ({ rank })) }, /conditions/],
  ['too-many-values', { rank: { in: Array.from({ length: 10_001 }, (_, rank) => rank) } }, /values/],
]

const BAD_ORDERS: readonly (readonly [word: string, orderBy: unknown, message: RegExp])[] = [
  ['unknown-field', 'titel', /titel.*title/],
  ['undeclared-member', { undeclared: 'asc' }, /undeclared.*title/],
  ['json-member', 'shape', /shape.*title/],
  ['inherited-name', 'constructor', /constructor.*title/],
  ['members', 'tags', /tags/],
  ['direction', { title: 'up' }, /title.*asc.*desc/],
  ['case-of-direction', { title: 'DESC' }, /title.*asc.*desc/],
  ['sign', '-title', /-title/],
  ['number', { title: -1 }, /title/],
  ['undefined-direction', { title: undefined }, /title/],
  ['twice', [{ title: 'asc' }, { title: 'desc' }], /twice/],
]

/** R3: whatever is not understood is refused, and the refusal names what is known. */
export const filterRefusalCases: readonly Case[] = [
  ...REFUSED.map(
    ([word, where, message]): Case => ({
      id: `R3-${word}`,
      clause: 'R3',
      title: `a filter is refused: ${word.replaceAll('-', ' ')}`,
      run: async (context) => {
        const collection = context.store().collection(tasks)
        await collection.put({ id: 'a', title: 'x', shape: 1 })
        await assertRefused(() => collection.find({ where: unchecked(where) }), message)
        await assertRefused(() => collection.iterate({ where: unchecked(where) }).next(), message)
        await assertRefused(() => collection.count(unchecked(where)), message)
        await assertRefused(() => collection.exists(unchecked(where)), message)
        if (!Array.isArray(where)) await assertRefused(() => collection.deleteMany(unchecked(where)), message)
        assert.equal(await collection.count(), 1)
      },
    }),
  ),
  ...BAD_ORDERS.map(
    ([word, orderBy, message]): Case => ({
      id: `R3-order-${word}`,
      clause: 'R3',
      title: `an order is refused: ${word.replaceAll('-', ' ')}`,
      run: async (context) => {
        const collection = context.store().collection(tasks)
        await assertRefused(() => collection.find({ orderBy: unchecked(orderBy) }), message)
      },
    }),
  ),
  {
    id: 'R3-options',
    clause: 'R3',
    title: 'an unknown option is refused by every operation, with the known ones named',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      const record = { id: 'a', shape: null }
      await collection.put(record)
      const odd = unchecked({ limt: 1 })
      await assertRefused(() => collection.find(odd), /limt.*limit/)
      await assertRefused(() => collection.findEntries(odd), /limt.*limit/)
      await assertRefused(() => collection.count({}, odd), /limt.*includeDeleted/)
      await assertRefused(() => collection.exists({}, odd), /limt/)
      await assertRefused(() => collection.get('a', odd), /limt.*includeDeleted/)
      await assertRefused(() => collection.getMany(['a'], odd), /limt/)
      await assertRefused(() => collection.has('a', odd), /limt/)
      await assertRefused(() => collection.put(record, odd), /limt.*ttlMs/)
      await assertRefused(() => collection.insertMany([record], odd), /limt.*ttlMs/)
      await assertRefused(() => collection.update('a', {}, odd), /limt.*ttlMs/)
      await assertRefused(() => collection.delete('a', odd), /limt.*permanent/)
      await assertRefused(() => collection.deleteMany({ all: true }, odd), /limt.*permanent/)
      assert.equal(await collection.count(), 1)
    },
  },
  {
    id: 'R3-bulk-delete-empty',
    clause: 'R3',
    title: 'an empty filter is refused for a bulk delete',
    run: async (context) => {
      const collection = context.store().collection(tasks)
      await collection.put({ id: 'a', shape: null })
      await assertRefused(() => collection.deleteMany({}), /all: true/)
      await assertRefused(() => collection.deleteMany(unchecked({ all: false })), /all/)
      await assertRefused(() => collection.deleteMany(unchecked({ all: 1 })), /all/)
      await assertRefused(() => collection.deleteMany(unchecked({ all: true, titel: 1 })))
      await assertRefused(() => collection.deleteMany(unchecked(undefined)))
      assert.equal(await collection.count(), 1)
    },
  },
]

function deepFilter(levels: number): unknown {
  let filter: object = { title: 'x' }
  for (let level = 0; level < levels; level++) filter = { not: filter }
  return filter
}
