import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type CollectionOptions, defineCollection } from '../src/definition.ts'
import { Definitions } from '../src/definitions.ts'
import { defineLog } from '../src/log-definition.ts'
import { findUnstorable, memberType } from '../src/schema-type.ts'
import { isoDate, isoTimestamp } from '../src/time.ts'
import { refusalOf } from './refused.ts'

const hidden = z.codec(z.string(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

test.each<[string, z.ZodType, string | undefined, boolean]>([
  ['text', z.string(), 'text', false],
  ['a checked text', z.email().min(3), 'text', false],
  ['an enumeration', z.enum(['a', 'b']), 'text', false],
  ['a literal', z.literal('a'), 'text', false],
  ['a literal with null', z.literal(['a', null]), 'text', true],
  ['a template', z.templateLiteral(['a', z.number()]), 'text', false],
  ['a number', z.number(), 'number', false],
  ['an integer', z.int(), 'integer', false],
  ['a number checked as an integer', z.number().int().min(1), 'integer', false],
  ['32 bits', z.int32(), 'integer', false],
  ['literal integers', z.literal([1, 2]), 'integer', false],
  ['literal fractions', z.literal([1, 2.5]), 'number', false],
  ['a boolean', z.boolean(), 'boolean', false],
  ['isoTimestamp', isoTimestamp, 'timestamp', false],
  ['isoDate, by its encoded side', isoDate, 'timestamp', false],
  ['a codec, by its encoded side', hidden, 'text', false],
  ['many texts', z.array(z.string()), 'texts', false],
  ['many numbers', z.array(z.number()), undefined, false],
  ['optional', z.string().optional(), 'text', true],
  ['nullable', z.string().nullable(), 'text', true],
  ['with a default', z.string().default('a'), 'text', true],
  ['read-only', z.string().readonly(), 'text', false],
  ['a union of one type', z.union([z.literal('a'), z.string()]), 'text', false],
  ['a union with an optional part', z.union([z.string().optional(), z.literal('a')]), 'text', true],
  ['a union with null', z.union([z.string(), z.null()]), 'text', true],
  ['a union of types', z.union([z.string(), z.number()]), undefined, false],
  ['anything', z.unknown(), undefined, true],
  ['any JSON', z.json(), undefined, true],
  ['later', z.lazy(() => z.string().nullable()), 'text', true],
])('a member that is %s', (_name, schema, type, nullable) => {
  expect(memberType(z.object({ member: schema }), ['member'])).toEqual({ type, nullable })
})

test('a path leads through members that may be absent', () => {
  const schema = z.object({ a: z.object({ b: z.string() }).optional() })
  expect(memberType(schema, ['a', 'b'])).toEqual({ type: 'text', nullable: true })
  expect(memberType(schema, ['a', 'c'])).toBeUndefined()
  expect(memberType(schema, ['constructor'])).toBeUndefined()
})

test.each<[z.ZodType, RegExp]>([
  [z.date(), /isoDate/],
  [z.string().transform(Number), /z\.codec/],
  [z.preprocess(String, z.string()), /z\.codec/],
  [z.bigint(), /z\.codec/],
  [z.map(z.string(), z.string()), /z\.codec/],
  [z.set(z.string()), /z\.codec/],
  [z.nan(), /z\.codec/],
  [z.array(z.date()), /isoDate/],
  [z.record(z.string(), z.date()), /isoDate/],
  [z.tuple([z.string(), z.date()]), /isoDate/],
  [z.tuple([z.string()], z.date()), /isoDate/],
  [z.intersection(z.object({}), z.object({ at: z.date() })), /isoDate/],
  [z.union([z.string(), z.date()]), /isoDate/],
  [z.date().optional(), /isoDate/],
])('%# a schema that can’t be stored says what to use instead', (schema, advice) => {
  expect(findUnstorable(z.object({ deep: z.object({ member: schema }) }))).toEqual({
    path: expect.stringMatching(/^deep\.member/),
    advice: expect.stringMatching(advice),
  })
})

test('what has a codec can be stored, and a schema may contain itself', () => {
  const node = z.object({
    at: isoDate,
    get next() {
      return node.optional()
    },
  })
  expect(findUnstorable(node)).toBeUndefined()
})

const schema = z.object({ id: z.string(), name: z.string(), n: z.int(), tags: z.array(z.string()) })
const options = { name: 'things', schema, key: 'id' } satisfies CollectionOptions<typeof schema, string, 'id'>

describe('a definition is refused', () => {
  test.each<[string, object, RegExp]>([
    ['a capital', { name: 'Things' }, /name is 1 to 40/],
    ['a digit in front', { name: '1a' }, /name/],
    ['two underscores', { name: 'a__b' }, /name/],
    ['41 letters', { name: 'a'.repeat(41) }, /name/],
    ['no name', { name: undefined }, /name/],
    ['an unknown option', { feilds: {} }, /unknown option 'feilds'; known are name, schema, key/],
    ['another schema', { schema: z.string() }, /z\.object/],
    ['a key that is no member', { key: 'nope' }, /no member 'nope'/],
    ['no key', { key: undefined }, /key: the schema has no member/],
    ['a key that is no text', { key: 'n' }, /key: 'n' must be text/],
    ['a deadline that is no member', { expiresAt: 'nope' }, /no member 'nope'/],
    ['a deadline that is a number', { expiresAt: 'n' }, /expiresAt: 'n' must be text/],
    ['a field that is no member', { fields: { nope: 'index' } }, /no member 'nope'/],
    [
      'a field of any type',
      { schema: schema.extend({ x: z.unknown() }), fields: { x: 'index' } },
      /no type that can be/,
    ],
    ['a misspelt declaration', { fields: { name: 'indx' } }, /declared as 'index', 'column', 'json'/],
    ['a misspelt part of one', { fields: { name: { paht: 'name' } } }, /path, type, index/],
    ['an unknown type', { fields: { name: { type: 'string' } } }, /types are text, integer/],
    ['a word of the filters', { fields: { and: { type: 'text' } } }, /can't name a field/],
    ['a name that SQL would not take', { fields: { 'a-b': { type: 'text' } } }, /letters, digits and _/],
    [
      'names that differ in case',
      { fields: { a: { type: 'text' }, A: { type: 'text' } } },
      /differ only in case/,
    ],
    ['an index on something else', { indexes: [['nope']] }, /not a declared field/],
    [
      'many texts among others',
      { fields: { tags: 'index', n: 'index' }, indexes: [['n', 'tags']] },
      /many texts/,
    ],
    ['a reference that is no text', { references: { n: { collection: 'a' } } }, /must be a text member/],
    ['a reference to nothing', { references: { name: {} } }, /takes \{ collection/],
    ['a misspelt cascade', { references: { name: { collection: 'a', onDelete: 'casacde' } } }, /'cascade'/],
    ['version 0', { version: 0 }, /version is an integer from 1/],
    ['a missing upgrade', { version: 3, upgrade: { 1: (old: object) => old } }, /needs upgrade\[2\]/],
    ['a date', { schema: schema.extend({ at: z.date() }) }, /at can't be stored; use isoDate/],
  ])('for %s', (_name, change, message) => {
    const define = () => defineCollection({ ...options, ...change } as unknown as typeof options)
    const error = refusalOf(define)
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)])
  })
})

test('a reference makes a field with an index, once', () => {
  const { layout, references } = defineCollection({
    ...options,
    fields: { name: 'column', n: 'index' },
    indexes: [['n'], ['n', 'name']],
    references: { name: { collection: 'names' } },
  })
  expect(layout.indexes).toEqual([[1], [1, 0], [0]])
  expect(references).toEqual([{ field: 0, collection: 'names', onDelete: 'restrict' }])
})

test('one name can’t mean two definitions', () => {
  const definitions = new Definitions()
  const first = defineCollection(options)
  definitions.add(first)
  definitions.add(first)
  expect(definitions.all()).toEqual([first])
  expect(refusalOf(() => definitions.add(defineCollection(options))).message).toMatch(/defined twice/)
})

const entry = z.object({ stream: z.string(), n: z.int(), hash: z.string(), before: z.string() })
const chain = { stream: 'stream', sequence: 'n', hash: 'hash', previous: 'before' } as const
const log = { name: 'events', schema: entry, chain }

test.each<[string, object, RegExp]>([
  ['an unknown option', { softDelete: true }, /unknown option 'softDelete'; known are name, schema/],
  ['35 letters', { name: 'a'.repeat(35) }, /at most 34/],
  ['no chain', { chain: undefined }, /chain names the members for stream, sequence, hash, previous/],
  ['a chain without a part', { chain: { stream: 'stream', sequence: 'n', hash: 'hash' } }, /chain names/],
  [
    'a member that is missing',
    { chain: { ...chain, hash: 'nope' } },
    /no member 'nope', which the chain needs/,
  ],
  ['a sequence of text', { chain: { ...chain, sequence: 'hash' } }, /sequence 'hash' must be an integer/],
  ['one member for two parts', { chain: { ...chain, previous: 'hash' } }, /four different members/],
])('a log is refused for %s', (_name, change, message) => {
  expect(refusalOf(() => defineLog({ ...log, ...change } as typeof log)).message).toMatch(message)
})

test('a log can be asked by stream and sequence, and is only added to', () => {
  const { entries } = defineLog(log)
  expect(entries.layout).toMatchObject({ appendOnly: true, indexes: [[0, 1]] })
  expect(entries.fields.map((field) => field.name)).toEqual(['stream', 'n'])
})
