import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { defineCollection } from '../src/definition.ts'
import { constantOf, parseFilter } from '../src/filter.ts'
import { ID_FIELD } from '../src/layout.ts'
import { checkOptionNames, parseQuery } from '../src/query.ts'
import { isoTimestamp } from '../src/time.ts'
import { refusalOf } from './refused.ts'

const scope = defineCollection({
  name: 'things',
  schema: z.object({
    id: z.string(),
    text: z.string(),
    count: z.int(),
    ratio: z.number(),
    done: z.boolean(),
    at: isoTimestamp,
    tags: z.array(z.string()),
  }),
  key: 'id',
  fields: {
    text: 'index',
    count: 'index',
    ratio: 'column',
    done: 'column',
    at: 'index',
    tags: 'index',
    text_words: { type: 'words', path: 'text' },
  },
})
const deep = (levels: number): object => (levels === 0 ? {} : { not: deep(levels - 1) })

describe('a filter is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['null', null, /an object/],
    ['an array', [], /an object/],
    ['a Date', new Date(0), /an object/],
    [
      'an unknown field',
      { nope: 1 },
      /unknown field 'nope'; declared are id, text, count, ratio, done, at, tags, text_words/,
    ],
    ['__proto__', JSON.parse('{"__proto__":{"text":"a"}}'), /unknown field '__proto__'/],
    ['an unknown operator', { text: { like: 'a' } }, /unknown operator 'like'; known are eq, ne/],
    ['no operator', { text: {} }, /asks nothing/],
    ['undefined', { text: undefined }, /undefined/],
    ['undefined behind an operator', { text: { eq: undefined } }, /undefined/],
    ['an array for equality', { text: ['a'] }, /takes text/],
    ['a number for text', { text: 1 }, /takes text/],
    ['NUL', { text: 'a\0' }, /takes text/],
    ['a lone surrogate', { text: '\ud800' }, /takes text/],
    ['a fraction for an integer', { count: 1.5 }, /integer/],
    ['an unsafe integer', { count: 2 ** 53 }, /integer/],
    ['NaN', { ratio: Number.NaN }, /finite number/],
    ['infinity', { ratio: { gt: Number.POSITIVE_INFINITY } }, /finite number/],
    ['a text for a boolean', { done: 'true' }, /true or false/],
    ['a date without a time', { at: '2024-01-01' }, /ISO 8601/],
    ['an invalid Date', { at: new Date(Number.NaN) }, /ISO 8601/],
    ['equality on many texts', { tags: 'a' }, /has, hasAll, hasAny/],
    ['order on many texts', { tags: { gt: 'a' } }, /has, hasAll, hasAny/],
    ['has on one text', { text: { has: 'a' } }, /field of many texts/],
    ['has of a number', { tags: { has: 1 } }, /takes texts/],
    ['words on one text', { text: { words: 'a' } }, /'words' needs a field of words/],
    ['words on many texts', { tags: { anyWord: 'a' } }, /'anyWord' needs a field of words/],
    ['words on the key', { id: { words: 'a' } }, /'words' needs a field of words/],
    ['equality on words', { text_words: 'a' }, /ask it with words, anyWord, exists/],
    ['an operator of equality on words', { text_words: { eq: 'a' } }, /ask it with words, anyWord, exists/],
    ['members on words', { text_words: { has: 'a' } }, /ask it with words, anyWord, exists/],
    ['a prefix on words', { text_words: { prefix: 'a' } }, /ask it with words, anyWord, exists/],
    ['an unknown operator on words', { text_words: { like: 'a' } }, /ask it with words, anyWord, exists/],
    ['no operator on words', { text_words: {} }, /known operators are words, anyWord, exists$/],
    ['a text without a word', { text_words: { words: '…' } }, /'words' has no word in its text/],
    ['no text', { text_words: { anyWord: '' } }, /'anyWord' has no word in its text/],
    ['an array of words', { text_words: { words: ['a'] } }, /'words' takes text/],
    ['words with NUL', { text_words: { words: 'a\0' } }, /'words' takes text, without NUL/],
    ['words with a lone surrogate', { text_words: { anyWord: 'a \ud800' } }, /'anyWord' takes text/],
    [
      'too many words',
      { text_words: { words: [...Array(1_001).keys()].join(' ') } },
      /at most 1000 different words/,
    ],
    ['prefix on a number', { count: { prefix: '1' } }, /needs a field of text/],
    ['in without an array', { text: { in: 'a' } }, /takes an array/],
    ['null within in', { text: { in: [null] } }, /takes text/],
    ['too many values', { text: { in: Array(10_001).fill('a') } }, /at most 10000/],
    ['null to compare with', { text: { gt: null } }, /takes text/],
    ['exists of a text', { text: { exists: 'yes' } }, /true or false/],
    ['or of an object', { or: { text: 'a' } }, /array of filters/],
    ['not of an array', { not: [] }, /an object/],
    ['33 levels', deep(32), /deeper than 32/],
    ['1,001 conditions', { and: Array(1_000).fill({ text: 'a' }) }, /more than 1000/],
  ])('for %s', (_name, filter, message) => {
    const error = refusalOf(() => parseFilter(filter, scope))
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)])
  })

  test('without its values, and with names cut and on one line', () => {
    expect(refusalOf(() => parseFilter({ count: 'secret' }, scope)).message).not.toContain('secret')
    for (const filter of [{ [`a\n${'b'.repeat(200)}`]: 1 }, { [`a\n${'b'.repeat(200)}`]: undefined }]) {
      const { message } = refusalOf(() => parseFilter(filter, scope))
      expect(message).not.toContain('\n')
      expect(message.length).toBeLessThan(200)
    }
  })
})

test('a filter becomes a predicate over positions and field values', () => {
  expect(parseFilter({}, scope)).toBeUndefined()
  expect(parseFilter({ id: { prefix: 'a' } }, scope)).toEqual({
    type: 'prefix',
    field: ID_FIELD,
    prefix: 'a',
  })
  expect(parseFilter({ at: new Date(5) }, scope)).toEqual(
    parseFilter({ at: '1970-01-01T01:00:00.005+01:00' }, scope),
  )
  expect(parseFilter({ ratio: -0 }, scope)).toEqual({ type: 'compare', field: 2, comparison: 'eq', value: 0 })
  expect(parseFilter({ text: { ne: null } }, scope)).toEqual(parseFilter({ text: { exists: true } }, scope))
  expect(parseFilter({ text: null }, scope)).toEqual({ type: 'null', field: 0 })
  expect(parseFilter({ text_words: { words: 'Quick, QUICK fox' } }, scope)).toEqual({
    type: 'hasAll',
    field: 6,
    values: ['quick', 'fox'],
  })
  expect(parseFilter({ text_words: { anyWord: 'a b', exists: true } }, scope)).toEqual({
    type: 'and',
    terms: [
      { type: 'hasAny', field: 6, values: ['a', 'b'] },
      { type: 'not', term: { type: 'null', field: 6 } },
    ],
  })
  expect(parseFilter({ text_words: null }, scope)).toEqual({ type: 'null', field: 6 })
  expect(parseFilter({ count: { gte: 1, lt: 3 }, done: true }, scope)).toMatchObject({
    type: 'and',
    terms: [{ comparison: 'gte' }, { comparison: 'lt' }, { field: 3, value: true }],
  })
})

test.each<[object, boolean | undefined]>([
  [{ and: [] }, true],
  [{ and: [{}, { and: [] }] }, true],
  [{ or: [] }, false],
  [{ or: [{ text: 'a' }, {}] }, true],
  [{ not: { or: [] } }, true],
  [{ not: {} }, false],
  [{ text: { in: [] } }, false],
  [{ not: { text: { in: [] } } }, true],
  [{ tags: { hasAny: [] } }, false],
  [{ and: [{ text: 'a' }, {}] }, undefined],
  [{ and: [{ text: 'a' }, { or: [] }] }, false],
  [{ or: [{ text: 'a' }, { or: [] }] }, undefined],
  [{ tags: { hasAll: [] } }, undefined],
])('the filter %j says %s of every record', (filter, expected) => {
  const predicate = parseFilter(filter, scope)
  expect(predicate && constantOf(predicate)).toBe(expected)
})

describe('a query is refused', () => {
  test.each<[string, object, RegExp]>([
    ['an unknown option', { limt: 1 }, /unknown option 'limt'; known are where, orderBy, limit/],
    ['limit 0', { limit: 0 }, /limit is an integer from 1 to 1000/],
    ['limit 1,001', { limit: 1_001 }, /limit/],
    ['a fraction', { limit: 1.5 }, /limit/],
    ['a text', { limit: '5' }, /limit/],
    ['a negative offset', { offset: -1 }, /offset/],
    ['an unknown field to order by', { orderBy: 'nope' }, /unknown field/],
    ['many texts to order by', { orderBy: 'tags' }, /can't order/],
    ['words to order by', { orderBy: 'text_words' }, /can't order/],
    ['another direction', { orderBy: { text: 'down' } }, /'asc' or 'desc'/],
    ['a field twice', { orderBy: [{ text: 'asc' }, { text: 'desc' }] }, /twice/],
    ['null to order by', { orderBy: null }, /orderBy takes/],
    ['a number to order by', { orderBy: 5 }, /orderBy takes/],
    ['an array in the array', { orderBy: [['text', 'asc']] }, /orderBy takes/],
    ['another cursor', { cursor: 'abc' }, /not of this query/],
  ])('for %s', (_name, options, message) => {
    const error = refusalOf(() => parseQuery(options, scope, 't'))
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)])
  })

  test.each([null, 'text', 5])('for %s in the place of its options', (options) => {
    const error = refusalOf(() => checkOptionNames(options as unknown as object, [], 'things'))
    expect(error.message).toBe('things: options are an object')
  })
})

test('terms behind the key are left out of an order, for they decide nothing', () => {
  const { query } = parseQuery({ orderBy: [{ count: 'desc' }, { id: 'asc' }, { text: 'asc' }] }, scope, 't')
  expect(query.order).toEqual([
    { field: 1, direction: 'desc' },
    { field: ID_FIELD, direction: 'asc' },
  ])
})
