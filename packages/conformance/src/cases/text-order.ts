import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'

/** One word three times: as the key, in a field with an index, and in one without. */
const words = defineCollection({
  name: 'words',
  schema: z.object({ id: z.string(), indexed: z.string(), plain: z.string() }),
  key: 'id',
  fields: { indexed: 'index', plain: 'column' },
})
type Words = Collection<z.output<typeof words.schema>, 'id' | 'indexed' | 'plain'>
const PLACES = ['id', 'indexed', 'plain'] as const

/** Words whose order by UTF-8 bytes differs from that by UTF-16 units, by locale, or without regard to case. */
const WORDS = [
  ...[
    '\u0001',
    ' ',
    '!',
    '0',
    '10',
    '9',
    'A',
    'AB',
    'B',
    'Z',
    '_',
    'a',
    'a b',
    'aB',
    'aa',
    'ab',
    'b',
    'z',
    '~',
  ],
  ...[
    '\u007f',
    '\u0080',
    'e\u0301',
    '\u00e9',
    '\u00df',
    '\u00e4',
    'ae',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
  ],
  ...['\ufffd', '\uffff', '\u{10000}', '\u{1f600}', '\u{1f600}a', '\u{10ffff}', 'x\ufffd', 'x\u{1f600}', 'x'],
]
const IN_ORDER = [...WORDS].sort(byBytes)

/** K2 and K3: the order of text, and what a prefix is. */
export const textOrderCases: readonly Case[] = [
  ...PLACES.flatMap((place) => [
    {
      id: `K2-order-${place}`,
      clause: 'K2',
      title: `text is ordered by its UTF-8 bytes (${place})`,
      run: async (context: CaseContext) => {
        const collection = await filled(context, WORDS)
        const page = await collection.find({ orderBy: place })
        assert.deepEqual(keysOf(page.records), IN_ORDER)
      },
    },
    {
      id: `K2-reverse-${place}`,
      clause: 'K2',
      title: `descending text is the exact reverse (${place})`,
      run: async (context: CaseContext) => {
        const collection = await filled(context, WORDS)
        const page = await collection.find({ orderBy: { [place]: 'desc' } })
        assert.deepEqual(keysOf(page.records), [...IN_ORDER].reverse())
      },
    },
    {
      id: `K2-range-${place}`,
      clause: 'K2',
      title: `a range of text is one of UTF-8 bytes (${place})`,
      run: async (context: CaseContext) => {
        const collection = await filled(context, WORDS)
        for (const bound of ['\ufffd', '\u{1f600}', 'a', '\u00e9']) {
          const above = await collection.find({ where: { [place]: { gt: bound } } })
          assert.deepEqual(
            keysOf(above.records),
            IN_ORDER.filter((word) => byBytes(word, bound) > 0),
          )
          const below = await collection.find({ where: { [place]: { lte: bound } } })
          assert.deepEqual(
            keysOf(below.records),
            IN_ORDER.filter((word) => byBytes(word, bound) <= 0),
          )
        }
      },
    },
    {
      id: `K2-pages-${place}`,
      clause: 'K2',
      title: `pages of text follow one another by UTF-8 bytes (${place})`,
      run: async (context: CaseContext) => {
        const collection = await filled(context, WORDS)
        for (const direction of ['asc', 'desc'] as const) {
          const seen: string[] = []
          const options = { orderBy: { [place]: direction }, limit: 3 }
          for await (const record of collection.iterate(options)) seen.push(record.id)
          assert.deepEqual(seen, direction === 'asc' ? IN_ORDER : [...IN_ORDER].reverse())
        }
      },
    },
  ]),
  prefixCase('underscore', 'an underscore in a prefix is an underscore', 'a_', {
    inside: ['a_', 'a_1', 'a__', 'a_%'],
    outside: ['ab1', 'A_2', 'a', 'a%'],
  }),
  prefixCase('percent', 'a per cent sign in a prefix is a per cent sign', 'a_%', {
    inside: ['a_%', 'a_%b'],
    outside: ['a_', 'a_b', 'ab%', 'a_b%'],
  }),
  prefixCase('backslash', 'a backslash in a prefix is a backslash', 'a\\', {
    inside: ['a\\', 'a\\_', 'a\\\\'],
    outside: ['a', 'a_', 'a/'],
  }),
  prefixCase('pattern', 'a prefix is no regular expression', 'a.*(', {
    inside: ['a.*(', 'a.*(b'],
    outside: ['ab', 'a.', 'a', 'abc('],
  }),
  prefixCase('glob', 'a prefix is no file pattern', 'a*[b]?', {
    inside: ['a*[b]?', 'a*[b]?c'],
    outside: ['ab', 'acb', 'acbd', 'a*b?'],
  }),
  prefixCase('quote', 'a quotation mark in a prefix is one', "a'", {
    inside: ["a'", "a''", "a'b"],
    outside: ['a', 'ab'],
  }),
  prefixCase('case', 'a prefix is case-sensitive', 'Ab', {
    inside: ['Ab', 'Abc'],
    outside: ['ab', 'AB', 'abc'],
  }),
  prefixCase('normal-form', 'a prefix is not normalised', 'e', {
    inside: ['e', 'e\u0301', 'ea'],
    outside: ['\u00e9', '\u00e9a', 'E'],
  }),
  prefixCase('whole', 'a text is a prefix of itself, and not of a shorter one', 'abc', {
    inside: ['abc', 'abcd'],
    outside: ['ab', 'abd', 'abb'],
  }),
  prefixCase('before-surrogates', 'a prefix may end in U+D7FF, the last before the surrogates', 'x\ud7ff', {
    inside: ['x\ud7ff', 'x\ud7ffz', 'x\ud7ff\u{10ffff}'],
    outside: ['x\ue000', 'x', 'x\u{10000}', 'x\ud7fe', 'y'],
  }),
  prefixCase('plane-end', 'a prefix may end in U+FFFF, the last of two bytes in UTF-16', 'x\uffff', {
    inside: ['x\uffff', 'x\uffffa', 'x\uffff\u{10ffff}'],
    outside: ['x\u{10000}', 'x\ufffe', 'x'],
  }),
  prefixCase('last-character', 'a prefix may end in U+10FFFF, the last of all', 'x\u{10ffff}', {
    inside: ['x\u{10ffff}', 'x\u{10ffff}a', 'x\u{10ffff}\u{10ffff}'],
    outside: ['x', 'y', 'x\u{10fffe}', 'x\uffff'],
  }),
  prefixCase('only-last-characters', 'a prefix may be nothing but U+10FFFF', '\u{10ffff}', {
    inside: ['\u{10ffff}', '\u{10ffff}\u{10ffff}', '\u{10ffff}a'],
    outside: ['\u{10fffe}', '\uffff', 'a'],
  }),
  prefixCase('astral', 'a prefix of a character beyond the basic plane is that character', '\u{1f600}', {
    inside: ['\u{1f600}', '\u{1f600}a'],
    outside: ['\u{1f601}', '\ufffd', '\u{1f5ff}'],
  }),
  prefixCase('empty', 'every text begins with the empty prefix', '', {
    inside: ['a', 'Z', '\u{10ffff}', '\u0001'],
    outside: [],
  }),
]

function prefixCase(
  word: string,
  title: string,
  prefix: string,
  { inside, outside }: { inside: readonly string[]; outside: readonly string[] },
): Case {
  return {
    id: `K3-${word}`,
    clause: 'K3',
    title,
    run: async (context) => {
      const collection = await filled(context, [...inside, ...outside])
      for (const place of PLACES) {
        const where = { [place]: { prefix } }
        const page = await collection.find({ where, orderBy: place })
        assert.deepEqual(keysOf(page.records), [...inside].sort(byBytes), place)
        assert.equal(await collection.count(where), inside.length, place)
      }
    },
  }
}

async function filled(context: CaseContext, texts: readonly string[]): Promise<Words> {
  const collection = context.store().collection(words)
  await collection.putMany(texts.map((text) => ({ id: text, indexed: text, plain: text })))
  return collection
}

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}

function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
