import assert from 'node:assert/strict'
import { defineCollection, defineLog } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertRefused } from './assert-refused.ts'

const documents = defineCollection({
  name: 'documents',
  schema: z.object({ id: z.string(), value: z.unknown() }),
  key: 'id',
})
const entries = defineLog({
  name: 'entries',
  schema: z.object({
    id: z.string(),
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    value: z.unknown(),
  }),
  key: 'id',
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

class Point {
  readonly x = 1
}

const REFUSED: readonly (readonly [word: string, title: string, value: () => unknown])[] = [
  ['nan', 'NaN', () => Number.NaN],
  ['infinity', 'Infinity', () => Number.POSITIVE_INFINITY],
  ['negative-infinity', 'negative Infinity', () => [{ a: Number.NEGATIVE_INFINITY }]],
  ['bigint', 'a bigint', () => 1n],
  ['function', 'a function', () => () => 1],
  ['to-json', 'a value that would say itself what JSON it is', () => ({ toJSON: () => 1 })],
  ['symbol', 'a symbol', () => Symbol('a')],
  ['undefined-in-array', 'undefined in an array', () => [1, undefined]],
  ['hole', 'a hole in an array', () => Object.assign(new Array(3), [1])],
  ['cycle', 'a value that contains itself', cycle],
  ['tangle', 'a value that contains itself in two places, without following all ways through it', tangle],
  ['class', 'an instance of a class', () => new Point()],
  ['date', 'a Date that the schema does not encode', () => ({ at: new Date(0) })],
  ['map', 'a Map', () => new Map([['a', 1]])],
  ['set', 'a Set', () => new Set([1])],
  ['bytes', 'a typed array', () => new Uint8Array([1])],
  ['boxed', 'a boxed primitive', () => Object('text')],
  ['error', 'an Error', () => new Error('no')],
  ['nul', 'NUL in a text', () => 'a\0b'],
  ['high-surrogate', 'half a surrogate pair at the end of a text', () => ['a\ud83d']],
  ['low-surrogate', 'a low surrogate alone in a text', () => '\ude00a'],
  ['nul-in-name', 'NUL in the name of a member', () => ({ 'a\0': 1 })],
  ['surrogate-in-name', 'a lone surrogate in the name of a member', () => [{ 'a\ud83d': { b: 1 } }]],
]

const everywhere = REFUSED.map(
  ([word, title, make]): Case => ({
    id: `V2-${word}`,
    clause: 'V2',
    title: `${title} is refused`,
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(documents)
      await collection.put({ id: 'before', value: 1 })
      const value = { deep: [make()] }
      await assertRefused(() => collection.put({ id: 'one', value }))
      await assertRefused(() => collection.insert({ id: 'one', value: make() }))
      await assertRefused(() =>
        collection.putMany([
          { id: 'two', value: 2 },
          { id: 'one', value },
        ]),
      )
      await assertRefused(() => collection.update('before', { value }))
      assert.deepEqual((await collection.find()).records, [{ id: 'before', value: 1 }])
      const log = store.log(entries)
      await assertRefused(() =>
        log.append('s', [
          { id: 'a', value: 1 },
          { id: 'b', value },
        ]),
      )
      assert.equal(await log.head('s'), undefined)
    },
  }),
)

/** V2: values that would not come back as they were are refused, by every write, and nothing is stored. */
export const refusedValueCases: readonly Case[] = [
  ...everywhere,
  {
    id: 'V2-repeated-entry',
    clause: 'V2',
    title: 'an entry that can not be stored is refused for that, also where its key is there already',
    run: async (context) => {
      const log = context.store().log(entries)
      await log.append('s', [{ id: 'a', value: 1 }])
      for (const value of [1n, cycle(), tangle()]) {
        // With its place an entry is compared with the stored one first.
        for (const place of [{}, { sequence: 1 }])
          await assertRefused(() => log.append('s', [{ id: 'a', value, ...place }], { onDuplicate: 'skip' }))
      }
      assert.equal((await log.head('s'))?.sequence, 1)
    },
  },
]

function cycle(): unknown {
  const value: { self?: unknown } = {}
  value.self = [value]
  return value
}

function tangle(): unknown {
  let met = 0
  const value = {
    get left(): unknown {
      met++
      assert.ok(met < 10_000, 'every way through the value is followed')
      return value
    },
    get right(): unknown {
      return value.left
    },
  }
  return value
}
