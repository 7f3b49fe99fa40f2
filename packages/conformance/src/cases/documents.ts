import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const documents = defineCollection({
  name: 'documents',
  schema: z.object({ id: z.string(), value: z.unknown() }),
  key: 'id',
})

/** Records whose decoded form is not their encoded one. */
const accounts = defineCollection({
  name: 'accounts',
  schema: z.object({
    id: z.string(),
    balance: z.codec(z.string(), z.bigint(), {
      decode: (text) => BigInt(text),
      encode: (value) => `${value}`,
    }),
    labels: z.codec(z.array(z.string()), z.set(z.string()), {
      decode: (members) => new Set(members),
      encode: (members) => [...members],
    }),
  }),
  key: 'id',
})

const profiles = defineCollection({
  name: 'profiles',
  schema: z.object({ id: z.string(), name: z.string().optional(), age: z.int().nullable().optional() }),
  key: 'id',
})

/** Values that must come back as they went in. */
const ROUND_TRIPS: readonly (readonly [word: string, title: string, value: unknown])[] = [
  ['nested', 'nested arrays and objects', { a: [1, [2, { b: [] }], {}], c: { d: { e: null } } }],
  ['empty', 'empty arrays, objects and texts', [[], {}, '', [[]], { '': '' }]],
  ['false-like', 'values that count as false', [false, 0, '', null]],
  ['text-like', 'texts that look like other values', ['1', 'true', 'null', '[]', '{}', '1e3', '2026-01-01']],
  [
    'control',
    'control characters, quotation marks and backslashes',
    `${controlCharacters()}"'\\\\u0041\u2028\u2029\u007f`,
  ],
  [
    'unicode',
    'text of every plane, not normalised',
    'e\u0301\u00e9\ud7ff\ue000\ufeff\ufffd\uffff\u{1f600}\u{10ffff}',
  ],
  [
    'numbers',
    'numbers to the last bit',
    [0.1, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1e21, 1e-7, -1.5, 123456789.12345679],
  ],
  [
    'integers',
    'integers to the last bit',
    [2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53 + 2, 2 ** 63, 4294967296, -1],
  ],
  ['names', 'member names that trip others', memberNames()],
  [
    'similar-names',
    'member names that differ only in case or normal form',
    { a: 1, A: 2, '\u00e9': 3, 'e\u0301': 4, ' a': 5 },
  ],
  ['long', 'a text of a million characters', 'a\u00e9\u{1f600}"'.repeat(250_000)],
  [
    'wide',
    'an object of ten thousand members',
    Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`m${n}`, n])),
  ],
]

/** V1, V2 and V3: documents that are stored come back as they were put. */
export const documentCases: readonly Case[] = [
  ...ROUND_TRIPS.map(
    ([word, title, value]) =>
      ({
        id: `V1-${word}`,
        clause: 'V1',
        title: `${title} come back as they were put`,
        run: async (context) => {
          const collection = context.store().collection(documents)
          await collection.put({ id: 'one', value })
          assert.deepEqual(await collection.get('one'), { id: 'one', value })
          assert.deepEqual((await collection.find()).records, [{ id: 'one', value }])
        },
      }) satisfies Case,
  ),
  {
    id: 'V1-codec',
    clause: 'V1',
    title: 'what the schema encodes on the way in it decodes on the way out',
    run: async (context) => {
      const collection = context.store().collection(accounts)
      const record = { id: 'one', balance: 2n ** 70n, labels: new Set(['a', 'b']) }
      await collection.put(record)
      assert.deepEqual(await collection.get('one'), record)
    },
  },
  {
    id: 'V1-schema',
    clause: 'V1',
    title: 'a record that does not fit the schema is refused with the place that is wrong',
    run: async (context) => {
      const collection = context.store().collection(profiles)
      await assertRefused(() => collection.put({ id: 'one', age: unchecked('forty') }), /age/)
      await assertRefused(() => collection.put(unchecked({ name: 'no key' })), /id/)
      await assertRefused(() => collection.put(unchecked(null)))
      assert.equal(await collection.count(), 0)
    },
  },
  ...(
    [
      ['top', (extra: object) => ({ id: 'a', part: { known: 1 }, parts: [], ...extra })],
      ['nested', (extra: object) => ({ id: 'a', part: { known: 1, ...extra }, parts: [] })],
      ['in-array', (extra: object) => ({ id: 'a', part: { known: 1 }, parts: [{ known: 1, ...extra }] })],
    ] as const
  ).map(
    ([place, record]): Case => ({
      id: `V1-unknown-member-${place}`,
      clause: 'V1',
      title: `a member that a plain schema does not know is refused, not dropped (${place})`,
      run: async (context) => {
        const part = z.object({ known: z.int() })
        const schema = z.object({ id: z.string(), part, parts: z.array(part) })
        const collection = context.store().collection(defineCollection({ name: 'strict', schema, key: 'id' }))
        const put = (extra: object) => collection.put(record(extra) as z.output<typeof schema>)
        await assert.rejects(put({ unknown: 1 }), { code: 'INVALID_ARGUMENT' })
        assert.equal(await collection.has('a'), false)
        await put({})
      },
    }),
  ),
  {
    id: 'V1-dropped-member',
    clause: 'V1',
    title: 'a member named __proto__, which loose schemas leave out, is refused with its place, not dropped',
    run: async (context) => {
      const schema = z.object({
        id: z.string(),
        labels: z.record(z.string(), z.unknown()).optional(),
        more: z.array(z.looseObject({})).optional(),
      })
      const collection = context.store().collection(defineCollection({ name: 'loose', schema, key: 'id' }))
      const member = JSON.parse('{ "a": 1, "__proto__": { "b": 2 } }')
      await assertRefused(() => collection.put({ id: 'a', labels: member }), /labels\.__proto__/)
      await assertRefused(() => collection.put({ id: 'a', more: [{}, member] }), /more\.1\.__proto__/)
      assert.equal(await collection.has('a'), false)
      await collection.put({ id: 'a', labels: { prototype: 1, constructor: 2 } })
      assert.deepEqual((await collection.get('a'))?.labels, { prototype: 1, constructor: 2 })
    },
  },
  {
    id: 'V1-silent-refusal',
    clause: 'V1',
    title: 'a refusal never shows a value of the record',
    run: async (context) => {
      const collection = context.store().collection(profiles)
      const refusal = collection.put({
        id: 'one',
        name: unchecked({ secret: 'hunter2' }),
        age: unchecked('hunter2'),
      })
      const error = await refusal.then(
        () => assert.fail('the record was stored'),
        (reason: Error) => reason,
      )
      assert.doesNotMatch(`${error.message} ${error.stack} ${JSON.stringify(error)}`, /hunter2/)
    },
  },
  {
    id: 'V1-replaced-whole',
    clause: 'V1',
    title: 'a put replaces the record whole: members that it lacks are gone',
    run: async (context) => {
      const collection = context.store().collection(profiles)
      await collection.put({ id: 'one', name: 'a', age: 1 })
      await collection.put({ id: 'one', age: 2 })
      assert.deepEqual(await collection.get('one'), { id: 'one', age: 2 })
    },
  },
  {
    id: 'V1-updated-in-part',
    clause: 'V1',
    title: 'an update replaces the members that it names, and takes away those that it names as undefined',
    run: async (context) => {
      const collection = context.store().collection(profiles)
      await collection.put({ id: 'one', name: 'a', age: 1 })
      await collection.update('one', { age: 2 })
      assert.deepEqual(await collection.get('one'), { id: 'one', name: 'a', age: 2 })
      await collection.update('one', { name: undefined })
      assert.deepEqual(await collection.get('one'), { id: 'one', age: 2 })
    },
  },
  {
    id: 'V2-negative-zero',
    clause: 'V2',
    title: 'negative zero is stored as zero',
    run: async (context) => {
      const collection = context.store().collection(documents)
      await collection.put({ id: 'one', value: [-0, { a: -0 }] })
      assert.deepEqual(await collection.get('one'), { id: 'one', value: [0, { a: 0 }] })
    },
  },
  {
    id: 'V2-undefined-member',
    clause: 'V2',
    title: 'a member that is undefined is absent',
    run: async (context) => {
      const collection = context.store().collection(documents)
      await collection.put({ id: 'one', value: { a: undefined, b: [{ c: undefined }] } })
      assert.deepEqual(await collection.get('one'), { id: 'one', value: { b: [{}] } })
    },
  },
  {
    id: 'V2-depth-limit',
    clause: 'V2',
    title: 'nesting of 128 levels is stored',
    run: async (context) => {
      const collection = context.store().collection(documents)
      const record = { id: 'one', value: nestedArrays(127) }
      await collection.put(record)
      assert.deepEqual(await collection.get('one'), record)
    },
  },
  {
    id: 'V2-too-deep',
    clause: 'V2',
    title: 'nesting of 129 levels is refused, as is nesting that no stack could hold',
    run: async (context) => {
      const collection = context.store().collection(documents)
      for (const levels of [128, 5_000, 100_000]) {
        await assertRefused(() => collection.put({ id: 'one', value: nestedArrays(levels) }))
      }
      assert.equal(await collection.get('one'), undefined)
    },
  },
  {
    id: 'V2-largest',
    clause: 'V2',
    title: 'a document of exactly maxDocumentBytes is stored, one of a byte more is refused',
    run: async (context) => {
      const collection = context.store({ maxDocumentBytes: 4_096 }).collection(documents)
      const frame = Buffer.byteLength(JSON.stringify({ id: 'one', value: '' }))
      const fits = `${'\u00e9'.repeat((4_096 - frame - 1) / 2)}x`
      assert.equal(Buffer.byteLength(JSON.stringify({ id: 'one', value: fits })), 4_096)
      await collection.put({ id: 'one', value: fits })
      await assertRefused(() => collection.put({ id: 'one', value: `${fits}x` }), /maxDocumentBytes/)
      assert.deepEqual(await collection.get('one'), { id: 'one', value: fits })
    },
  },
  {
    id: 'V2-many-ways',
    clause: 'V2',
    title: 'a value that shares more than can be written is refused, without following all ways through it',
    run: async (context) => {
      const store = context.store({ maxDocumentBytes: 4_096 })
      let met = 0
      const level = (left: number): unknown => {
        met++
        assert.ok(met < 100_000, 'every way through the value is followed')
        return left === 0 ? 1 : [{ a: lazy(left - 1) }, { a: lazy(left - 1) }]
      }
      const lazy = (left: number) => ({
        get next() {
          return level(left)
        },
      })
      const put = store.collection(documents).put({ id: 'one', value: level(40) })
      await assertRefused(() => put, /maxDocumentBytes/)
    },
  },
  {
    id: 'V2-shared-value',
    clause: 'V2',
    title: 'a value that occurs twice without a cycle is stored twice',
    run: async (context) => {
      const collection = context.store().collection(documents)
      const shared = { a: [1] }
      await collection.put({ id: 'one', value: [shared, shared] })
      assert.deepEqual(await collection.get('one'), { id: 'one', value: [{ a: [1] }, { a: [1] }] })
    },
  },
  {
    id: 'V3-duplicate-members',
    clause: 'V3',
    title: 'of members parsed from JSON with one name the last is stored, once',
    run: async (context) => {
      const collection = context.store().collection(documents)
      await collection.put({ id: 'one', value: JSON.parse('{"a":1,"b":2,"a":3}') })
      await collection.update('one', (record) => ({ ...record, value: { ...Object(record.value), b: 4 } }))
      assert.deepEqual(await collection.get('one'), { id: 'one', value: { a: 3, b: 4 } })
    },
  },
  {
    id: 'V3-member-order',
    clause: 'V3',
    title: 'records whose members stand in another order are equal',
    run: async (context) => {
      const collection = context.store().collection(documents)
      await collection.putMany([
        { id: 'one', value: { b: 1, a: { '10': 2, '9': 3 } } },
        { value: { a: { '9': 3, '10': 2 }, b: 1 }, id: 'two' },
      ])
      const [one, two] = await collection.getMany(['one', 'two'])
      assert.deepEqual(one?.value, two?.value)
      assert.deepEqual(one?.value, { a: { '9': 3, '10': 2 }, b: 1 })
    },
  },
]

function controlCharacters(): string {
  return Array.from({ length: 31 }, (_, code) => String.fromCharCode(code + 1)).join('')
}

/** Own members, `__proto__` among them, which only parsing gives. */
function memberNames(): unknown {
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'length',
    '',
    ' ',
    '0',
    '-1',
    '$ref',
    'a.b',
    'a[0]',
  ]
  const members = [...names, "'", '"', '\\', '%', '\u0001', '\u{1f600}', '\ufffd'].map(
    (name, n) => `${JSON.stringify(name)}:${n}`,
  )
  return JSON.parse(`{${members.join(',')}}`)
}

function nestedArrays(levels: number): unknown {
  let value: unknown[] = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
}
