import assert from 'node:assert/strict'
import { type Collection, defineCollection, defineLog, type Filter } from '@coffer/core'
import fc from 'fast-check'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const schema = z.object({
  id: z.string(),
  content: z.json().optional(),
  title: z.string().optional(),
  rank: z.int().optional(),
})
const memories = defineCollection({
  name: 'memories',
  schema,
  key: 'id',
  fields: {
    content_words: { type: 'words', path: 'content' },
    all_words: { type: 'words', path: ['title', 'content'], index: false },
    rank: 'index',
  },
  softDelete: true,
  history: true,
})
type Memory = z.output<typeof schema>
type Names = 'id' | 'content_words' | 'all_words' | 'rank'

const STORED: readonly Memory[] = [
  { id: 'a', content: 'The quick brown fox', rank: 4 },
  { id: 'b', content: 'A lazy, BROWN dog!', title: 'Fox?', rank: 3 },
  { id: 'c', content: { role: 'user', parts: ['quickly', { text: 'a fox', score: 3.14 }, null, true] } },
  { id: 'd', content: '…', rank: 2 },
  { id: 'e', content: [], rank: 1 },
  { id: 'f', content: null, title: 'brown' },
  { id: 'g' },
]

/** Filters with the keys of the records that they mean. */
const MEANINGS: readonly (readonly [meaning: string, where: Filter<Names>, keys: string])[] = [
  ['one', { content_words: { words: 'brown' } }, 'ab'],
  ['all', { content_words: { words: 'brown fox' } }, 'a'],
  ['any order and case', { content_words: { words: 'FOX, the' } }, 'a'],
  ['repeated', { content_words: { words: 'fox fox Fox' } }, 'ac'],
  ['not all', { content_words: { words: 'quick dog' } }, ''],
  ['any', { content_words: { anyWord: 'quick dog cat' } }, 'ab'],
  ['none', { content_words: { anyWord: 'cat bird' } }, ''],
  ['whole words', { content_words: { words: 'quick' } }, 'a'],
  ['no part', { content_words: { anyWord: 'bro own fo' } }, ''],
  ['deep', { content_words: { words: 'user fox' } }, 'c'],
  ['number', { content_words: { words: '3.14' } }, 'c'],
  ['no names', { content_words: { anyWord: 'role parts text score true null' } }, ''],
  ['several paths', { all_words: { words: 'fox' } }, 'abc'],
  ['over several paths', { all_words: { words: 'fox dog' } }, 'b'],
  ['exists', { content_words: { exists: true } }, 'abcde'],
  ['exists not', { content_words: { exists: false } }, 'fg'],
  ['null', { content_words: null }, 'fg'],
  ['exists at any path', { all_words: { exists: true } }, 'abcdef'],
  ['not', { not: { content_words: { words: 'brown' } } }, 'cdefg'],
  ['both', { content_words: { words: 'brown', anyWord: 'dog cat' } }, 'b'],
  ['with others', { content_words: { words: 'brown' }, rank: { gt: 3 } }, 'a'],
  ['or', { or: [{ content_words: { words: 'lazy' } }, { all_words: { words: 'quickly' } }] }, 'bc'],
]

/** Texts, with questions that find them and one that does not. */
const WRITTEN: readonly (readonly [script: string, text: string, found: readonly string[], not: string])[] = [
  ['chinese', '我在东京大学学习', ['东京', '大学', '学习'], '北京'],
  ['japanese', '東京タワーへ行く', ['東京', 'タワー', 'ﾀﾜｰ'], 'タワ'],
  ['korean', '안녕하세요 세계', ['세계'], '세'],
  ['thai', 'สวัสดีครับ', ['ครับ'], 'มา'],
  ['arabic', 'مرحبا، بالعالم', ['مرحبا'], 'عالم'],
  ['hindi', 'मैं हिन्दी बोलता हूँ', ['हिन्दी'], 'हिन्द'],
  ['hebrew', 'צה״ל', ['צה"ל'], 'צה'],
  ['german', 'Straße', ['STRASSE', 'strasse', 'STRAẞE'], 'strase'],
  ['turkish', 'İstanbul', ['istanbul', 'ISTANBUL', 'ıstanbul'], 'stanbul'],
  ['greek', 'Ὀδυσσεύς', ['ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύσ'], 'Οδυσσεας'],
  ['accents', 'café', ['CAFE\u0301', 'caf\u00e9'], 'cafe'],
  ['width', 'ＡＢＣ１', ['abc1'], 'abc'],
  ['apostrophes', "It’s O'Neil", ["it's", 'o’neil'], 'neil'],
  ['numbers', 'pi is 3.14, not 1,000.', ['3.14', '1,000'], '1'],
  ['url', 'https://example.com/a_b?q=c', ['example.com', 'a_b q', 'HTTPS'], 'example'],
  ['email', 'write to ann@example.org', ['ann@example.org', 'ann'], 'example'],
  ['emoji', 'done 👍🏽 ☕️', ['done', 'done 👍'], 'thumbs'],
  ['like other values', 'null true {} [a,b] "c" %', ['null', 'true', 'a b c'], 'ab'],
]

/** R7: fields of words. */
export const wordCases: readonly Case[] = [
  {
    id: 'R7-meaning',
    clause: 'R7',
    title: 'a question about words means what it says',
    run: async (context) => {
      const collection = await filled(context)
      for (const [meaning, where, keys] of MEANINGS) {
        assert.equal(await keysFound(collection, where), keys, meaning)
      }
    },
  },
  {
    id: 'R7-writing',
    clause: 'R7',
    title: 'words of any script are found in whatever form they are written, and nothing else is',
    run: async (context) => {
      const collection = context.store().collection(memories)
      await collection.put({ id: 'b', content: 'other words' })
      for (const [script, content, found, not] of WRITTEN) {
        await collection.put({ id: 'a', content })
        for (const words of found)
          assert.equal(await keysFound(collection, { content_words: { words } }), 'a', `${script}: ${words}`)
        assert.equal(await keysFound(collection, { content_words: { words: not } }), '', `${script}: ${not}`)
      }
    },
  },
  {
    id: 'R7-follow',
    clause: 'R7',
    title: 'words follow their record through update, deletion, restoration and removal',
    run: async (context) => {
      const collection = await filled(context)
      const found = (words: string) => keysFound(collection, { content_words: { words } })
      await collection.update('a', { content: 'a slow fox' })
      assert.deepEqual([await found('fox'), await found('brown'), await found('slow')], ['ac', 'b', 'a'])
      await collection.delete('a')
      assert.equal(await found('fox'), 'c')
      await collection.restore('a')
      assert.equal(await found('fox'), 'ac')
      await collection.delete('a', { permanent: true })
      await collection.insert({ id: 'a', content: 'brown' })
      assert.deepEqual([await found('fox'), await found('brown')], ['c', 'ab'])
      assert.equal(await collection.deleteMany({ content_words: { anyWord: 'brown dog' } }), 2)
      assert.equal(await found('brown'), '')
    },
  },
  {
    id: 'R7-pages',
    clause: 'R7',
    title: 'what is found by words is ordered and paged like anything else',
    run: async (context) => {
      const collection = await filled(context)
      const question = {
        where: { content_words: { anyWord: 'fox dog' } },
        orderBy: { rank: 'asc' },
        limit: 1,
      } as const
      const seen: string[] = []
      for await (const memory of collection.iterate(question)) seen.push(memory.id)
      assert.deepEqual(seen, ['c', 'b', 'a'])
    },
  },
  {
    id: 'R7-many',
    clause: 'R7',
    title: 'a record of 6,000 words is found by the first, by the last and by many of them, and is undamaged',
    run: async (context) => {
      const collection = context.store().collection(memories)
      const words = Array.from({ length: 6_000 }, (_, n) => `w${n}`)
      await collection.put({ id: 'a', content: words.join(' ') })
      await collection.put({ id: 'b', content: 'w0 w5999' })
      const found = (wanted: readonly string[]) =>
        keysFound(collection, { content_words: { words: wanted.join(' ') } })
      assert.equal(await found(['w0', 'w5999']), 'ab')
      assert.equal(await found(words.filter((_, n) => n % 10 === 0)), 'a')
      assert.equal(await found(['w0', 'w6000']), '')
      assert.equal((await collection.verify()).damaged, 0)
      await collection.update('a', { content: 'w1' })
      assert.equal(await found(['w0']), 'b')
    },
  },
  {
    id: 'R7-long',
    clause: 'R7',
    title: 'a word of any length is stored, and found by itself',
    run: async (context) => {
      const collection = context.store().collection(memories)
      const long = '𐐀'.repeat(40_000)
      await collection.put({ id: 'a', content: `${long} b` })
      assert.equal(await keysFound(collection, { content_words: { words: long } }), 'a')
      assert.equal(await keysFound(collection, { content_words: { words: long.slice(0, 20) } }), '')
    },
  },
  {
    id: 'R7-too-many',
    clause: 'R7',
    title: 'a record of more than 50,000 different words is refused, and nothing of its call is stored',
    run: async (context) => {
      const collection = await filled(context)
      const content = Array.from({ length: 50_001 }, (_, n) => n).join(' ')
      await assertRefused(() => collection.put({ id: 'a', content }), /content_words.*50000.*several records/)
      await assertRefused(() => collection.putMany([{ id: 'z' }, { id: 'y', content }]), /50000/)
      assert.equal(await keysFound(collection, { content_words: { words: 'fox' } }), 'ac')
      assert.equal(await collection.has('z'), false)
    },
  },
  {
    id: 'R7-verified',
    clause: 'R7',
    title: 'verify takes the words out anew and finds them as they are kept',
    run: async (context) => {
      const collection = await filled(context)
      await collection.putMany(WRITTEN.map(([id, content]) => ({ id, content })))
      assert.deepEqual((await collection.verify()).problems, [])
    },
  },
  {
    id: 'R7-refusals',
    clause: 'R7',
    title:
      'a field of words is asked with words, anyWord and exists alone, and other fields never with words',
    run: async (context) => {
      const collection = await filled(context)
      const known = /words, anyWord, exists/
      const refused: [unknown, RegExp][] = [
        [{ content_words: 'fox' }, known],
        [{ content_words: { eq: 'fox' } }, known],
        [{ content_words: { has: 'fox' } }, known],
        [{ content_words: { hasAny: ['fox'] } }, known],
        [{ content_words: { prefix: 'fo' } }, known],
        [{ content_words: { in: ['fox'] } }, known],
        [{ content_words: { word: 'fox' } }, known],
        [{ content_words: { words: '' } }, /no word/],
        [{ content_words: { anyWord: '👍 …' } }, /no word/],
        [{ content_words: { words: Array.from({ length: 1_001 }, (_, n) => n).join(' ') } }, /1000/],
        [{ content_words: { words: ['fox'] } }, /takes text/],
        [{ content_words: { words: 'fox\0' } }, /takes text/],
        [{ rank: { words: '1' } }, /rank.*field of words/],
        [{ id: { anyWord: 'a' } }, /id.*field of words/],
      ]
      for (const [where, message] of refused) {
        await assertRefused(() => collection.find({ where: unchecked(where) }), message)
        await assertRefused(() => collection.deleteMany(unchecked(where)), message)
      }
      await assertRefused(() => collection.find({ orderBy: 'content_words' }), /content_words.*order/)
      assert.equal(await collection.count(), STORED.length)
    },
  },
  {
    id: 'R7-log',
    clause: 'R7',
    title: 'the entries of a log are found by their words',
    run: async (context) => {
      const log = context.store().log(events)
      await log.append('s', [
        { id: 'a', said: 'The quick fox' },
        { id: 'b', said: 'a lazy dog' },
      ])
      const page = await log.find({ where: { said_words: { words: 'FOX' } } })
      assert.deepEqual(
        page.records.map((entry) => entry.id),
        ['a'],
      )
    },
  },
  {
    id: 'R7-later',
    clause: 'R7',
    title: 'records that were there before the field of words are found by it',
    requires: ['persistent'],
    run: async (context) => {
      const before = context.store()
      await before.collection(plain).putMany(STORED.slice(0, 3))
      await before.close()
      const collection = context.store().collection(searched)
      assert.equal(await collection.count({ words: { words: 'fox' } }), 2)
      assert.deepEqual((await collection.verify()).problems, [])
    },
  },
  {
    id: 'R7-random',
    clause: 'R7',
    title: 'random questions about random texts answer what sets of words answer',
    run: async (context) => {
      const store = context.store()
      let round = 0
      const property = fc.asyncProperty(texts, questions, async (stored, asked) => {
        const collection = store.tenant(`round ${round++}`).collection(memories)
        await collection.putMany(stored.map((content, n) => ({ id: `${n}`, content: content.join(' ') })))
        for (const { operator, wanted } of asked) {
          const where = { content_words: { [operator]: wanted.join('-').toUpperCase() } }
          const has = (word: string) => (content: string[]) => content.includes(word)
          const expected = stored.flatMap((content, n) =>
            (
              operator === 'words'
                ? wanted.every((word) => has(word)(content))
                : wanted.some((word) => has(word)(content))
            )
              ? [`${n}`]
              : [],
          )
          const { records } = await collection.find({ where })
          assert.deepEqual(
            records.map((record) => record.id),
            expected,
          )
        }
      })
      await fc.assert(property, { seed: context.seed, numRuns: 12 })
    },
  },
]

const word = fc.constantFrom('a', 'b', 'ab', 'abc', 'é', '1', '12', "a'b", '東', 'ß', '𐐨')
const texts = fc.array(fc.array(word, { maxLength: 6 }), { minLength: 1, maxLength: 9 })
const questions = fc.array(
  fc.record({
    operator: fc.constantFrom('words' as const, 'anyWord' as const),
    wanted: fc.array(word, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 5, maxLength: 9 },
)

const events = defineLog({
  name: 'events',
  schema: z.object({
    id: z.string(),
    said: z.string(),
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
  }),
  key: 'id',
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
  fields: { said_words: { type: 'words', path: 'said' } },
})

const plain = defineCollection({ name: 'later', schema, key: 'id' })
const searched = defineCollection({
  name: 'later',
  schema,
  key: 'id',
  fields: { words: { type: 'words', path: 'content' } },
})

async function filled(context: CaseContext): Promise<Collection<Memory, Names>> {
  const collection = context.store().collection(memories)
  await collection.putMany(STORED)
  return collection
}

async function keysFound(collection: Collection<Memory, Names>, where: Filter<Names>): Promise<string> {
  const { records } = await collection.find({ where })
  assert.equal(await collection.count(where), records.length)
  return records.map((record) => record.id).join('')
}
