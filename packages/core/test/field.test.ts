import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { defineCollection } from '../src/definition.ts'
import { extractField, type FieldDeclaration, indexedBytes, resolveField } from '../src/field.ts'
import type { JsonValue } from '../src/json.ts'
import { leadsNowhere, memberType } from '../src/schema-type.ts'
import { refusalOf } from './refused.ts'

const schema = z.object({
  id: z.string(),
  title: z.string(),
  body: z.unknown(),
  notes: z.string().optional(),
  tags: z.array(z.string()),
  parts: z.array(z.object({ type: z.string(), score: z.number().optional(), labels: z.array(z.string()) })),
  more: z.array(z.object({ type: z.string().optional() })).optional(),
  table: z.array(z.array(z.string())),
  loose: z.looseObject({ known: z.string() }).optional(),
  by_name: z.record(z.string(), z.object({ text: z.string() })).optional(),
  either: z.union([z.string(), z.array(z.object({ text: z.string() }))]).optional(),
})

function fieldOf(declaration: Exclude<FieldDeclaration, 'json'>, name = 'found') {
  return resolveField(name, declaration, schema, 'things')
}

function extract(declaration: Exclude<FieldDeclaration, 'json'>, record: JsonValue) {
  return extractField(fieldOf(declaration), record, 'things')
}

describe('a path with *', () => {
  test.each<[string, string, JsonValue, JsonValue]>([
    ['finds a member of each', 'parts.*.type', { parts: [{ type: 'b' }, { type: 'a' }] }, ['a', 'b']],
    ['finds each text once', 'parts.*.type', { parts: [{ type: 'a' }, { type: 'a' }] }, ['a']],
    [
      'sorts by code point',
      'tags.*',
      { tags: ['\u{1f600}', '\ufffd', 'b', 'B'] },
      ['B', 'b', '\ufffd', '\u{1f600}'],
    ],
    [
      'passes over missing members',
      'more.*.type',
      { more: [{}, { type: null }, null, { type: 'a' }] },
      ['a'],
    ],
    ['finds nothing in an empty array', 'parts.*.type', { parts: [] }, []],
    ['finds nothing where no member has it', 'more.*.type', { more: [{}] }, []],
    ['is null without the array', 'more.*.type', {}, null],
    ['is null where the array is null', 'more.*.type', { more: null }, null],
    ['goes over arrays in arrays', 'table.*.*', { table: [['b'], ['a', 'b'], []] }, ['a', 'b']],
    [
      'goes over arrays of members',
      'parts.*.labels.*',
      { parts: [{ labels: ['x'] }, { labels: [] }] },
      ['x'],
    ],
  ])('%s', (_name, path, record, expected) => {
    expect(extract({ path }, record)).toEqual(expected)
  })

  test.each<[string, string, JsonValue]>([
    ['an object at *', 'more.*.type', { more: { type: 'a' } }],
    ['a text at *', 'more.*.type', { more: 'a' }],
    ['a text at a further *', 'table.*.*', { table: ['a'] }],
    ['a number at the end', 'more.*.type', { more: [{ type: 'a' }, { type: 1 }] }],
    ['an array at the end', 'more.*.type', { more: [{ type: ['a'] }] }],
  ])('refuses %s', (_name, path, record) => {
    const { code, message } = refusalOf(() => extract({ path }, record))
    expect([code, message]).toEqual([
      'INVALID_ARGUMENT',
      expect.stringMatching(/'found' must find arrays at each \*/),
    ])
  })

  test('is of the type texts where its ends are text, and null where its first array may be', () => {
    expect(fieldOf({ path: 'parts.*.type' })).toMatchObject({ type: 'texts', nullable: false, words: false })
    expect(fieldOf({ path: 'more.*.type' })).toMatchObject({ type: 'texts', nullable: true })
    expect(fieldOf({ path: 'body.*.type', type: 'texts' })).toMatchObject({ type: 'texts', nullable: true })
    expect(memberType(schema, ['table', '*'])).toEqual({ type: undefined, nullable: false })
    expect(memberType(schema, ['table', '*', '*'])).toEqual({ type: 'texts', nullable: false })
    expect(memberType(schema, ['parts', '*', 'score'])?.type).toBeUndefined()
    expect(memberType(schema, ['title', '*'])).toBeUndefined()
  })
})

test('a plain path keeps an array as it is', () => {
  expect(extract({ path: 'tags' }, { tags: ['b', 'a', 'b'] })).toEqual(['b', 'a', 'b'])
})

describe('a field of words', () => {
  test.each<[string, string | string[], JsonValue, JsonValue]>([
    ['has each word once, in order', 'title', { title: 'b A b a' }, ['a', 'b']],
    ['sorts by code point', 'title', { title: '𐐨 ﹰ za a' }, ['a', 'za', '𐐨']],
    [
      'looks into objects and arrays',
      'body',
      { body: { x: ['a', { y: 'b', z: [['c']] }] } },
      ['a', 'b', 'c'],
    ],
    [
      'takes numbers, not names, truth or null',
      'body',
      { body: { name: 3.14, other: true, none: null } },
      ['3.14'],
    ],
    ['takes several paths', ['title', 'body'], { title: 'b', body: 'a' }, ['a', 'b']],
    ['takes what is there of several paths', ['notes', 'body'], { body: 'a' }, ['a']],
    ['goes over arrays', 'parts.*.type', { parts: [{ type: 'b c' }, { type: 'a' }] }, ['a', 'b', 'c']],
    ['passes over what is no array', 'either.*.text', { either: 'a' }, []],
    ['is empty without a word', 'title', { title: '…' }, []],
    ['is empty where there is no text', 'body', { body: { deep: [false] } }, []],
    ['is null where nothing is', ['notes', 'more.*.type'], { title: 'a' }, null],
    ['is null for null', 'body', { body: null }, null],
  ])('%s', (_name, path, record, expected) => {
    expect(extract({ type: 'words', path }, record)).toEqual(expected)
  })

  test('can have the name of the member that it is taken from', () => {
    expect(fieldOf({ type: 'words' }, 'title')).toMatchObject({
      paths: [['title']],
      type: 'texts',
      words: true,
    })
  })

  test('can be null only where all of its paths may lead to nothing', () => {
    expect(fieldOf({ type: 'words', path: ['notes', 'title'] }).nullable).toBe(false)
    expect(fieldOf({ type: 'words', path: ['notes', 'body'] }).nullable).toBe(true)
    expect(fieldOf({ type: 'words', path: 'loose.other' }).nullable).toBe(true)
  })

  test('refuses more than 50,000 different words, and says what to do', () => {
    const title = Array.from({ length: 50_000 }, (_, n) => n).join(' ')
    expect(extract({ type: 'words', path: 'title' }, { title: `${title} 1 2 3` })).toHaveLength(50_000)
    const { code, message } = refusalOf(() =>
      extract({ type: 'words', path: 'title' }, { title: `${title} x` }),
    )
    expect([code, message]).toEqual([
      'INVALID_ARGUMENT',
      expect.stringMatching(/'found' has more than 50000 different words; spread the text/),
    ])
  })

  test('never has more in a word than an index takes', () => {
    const words = extract({ type: 'words', path: 'title' }, { title: '𐐨'.repeat(3_000) })
    expect(indexedBytes(words)).toBe(1_020)
  })
})

test('the bytes of very many texts are counted', () => {
  expect(indexedBytes(Array(300_000).fill('ab'))).toBe(2)
})

describe('a declaration is refused', () => {
  test.each<[string, object, RegExp]>([
    [
      'a type of its own at a path with *',
      { path: 'parts.*.type', type: 'text' },
      /\* is for texts and words/,
    ],
    ['numbers at a path with *', { path: 'parts.*.score' }, /no type that can be queried/],
    [
      'a path with * to a member that is missing',
      { path: 'parts.*.typ', type: 'texts' },
      /nothing at 'parts\.\*\.typ'/,
    ],
    ['* on no array', { path: 'loose.*', type: 'texts' }, /nothing at 'loose\.\*'/],
    ['an empty step', { path: 'parts..type', type: 'texts' }, /dots between them/],
    ['no path', { path: '', type: 'text' }, /dots between them/],
    ['a path of another kind', { path: 5, type: 'text' }, /dots between them/],
    ['several paths for another type', { path: ['title', 'notes'], type: 'texts' }, /dots between them/],
    ['no paths for words', { path: [], type: 'words' }, /at least one path/],
    ['words of a member that is missing', { path: 'titel', type: 'words' }, /nothing at 'titel'/],
    [
      'words of one missing member of several',
      { path: ['title', 'nots'], type: 'words' },
      /nothing at 'nots'/,
    ],
    ['words behind a forgotten *', { path: 'parts.type', type: 'words' }, /nothing at 'parts\.type'/],
    ['words without a path, of no member', { type: 'words' }, /nothing at 'found'/],
  ])('for %s', (_name, declaration, message) => {
    const error = refusalOf(() => fieldOf(declaration as FieldDeclaration as { path: string }))
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)])
  })

  test('for words of another member under the name of one', () => {
    const { message } = refusalOf(() => fieldOf({ type: 'words', path: 'title' }, 'notes'))
    expect(message).toMatch(/'notes' holds words of other members/)
    expect(refusalOf(() => fieldOf({ type: 'words', path: ['notes', 'title'] }, 'notes')).message).toBe(
      message,
    )
  })

  test.each<[string, object, RegExp]>([
    ['words under the name of the key', { fields: { id: { type: 'words' } } }, /'id' is the key/],
    [
      'words in an index over several fields',
      { fields: { title: { type: 'words' }, notes: 'index' }, indexes: [['notes', 'title']] },
      /'title' holds many texts/,
    ],
    [
      'words as a reference',
      { fields: { title: { type: 'words' } }, references: { title: { collection: 'a' } } },
      /must be a text member/,
    ],
  ])('for %s', (_name, options, message) => {
    const define = () =>
      defineCollection({ name: 'things', schema, key: 'id', ...options } as {
        name: 'things'
        schema: typeof schema
        key: 'id'
      })
    expect(refusalOf(define).message).toMatch(message)
  })
})

test.each<[string, boolean]>([
  ['title', false],
  ['title.more', true],
  ['titel', true],
  ['body.anything.*', false],
  ['tags.*', false],
  ['tags.0', false],
  ['tags.first', true],
  ['loose.other.*', false],
  ['by_name.anybody.text', false],
  ['by_name.anybody.txt', true],
  ['by_name.*.text', true],
  ['either.*.text', false],
  ['either.*.txt', true],
  ['constructor', true],
])('the path %s leads nowhere: %s', (path, expected) => {
  expect(leadsNowhere(schema, path.split('.'))).toBe(expected)
})

test('the words of any value are those of the texts and numbers in it', () => {
  const value = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>
  fc.assert(
    fc.property(value, (body) => {
      const texts: string[] = []
      JSON.stringify(body, (_name, member) => {
        if (typeof member === 'string' || typeof member === 'number') texts.push(String(member))
        return member
      })
      const joined = extract({ type: 'words', path: 'title' }, { title: texts.join('\n') })
      expect(extract({ type: 'words', path: 'body' }, { body })).toEqual(body === null ? null : joined)
    }),
  )
})
