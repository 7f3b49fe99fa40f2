import assert from 'node:assert/strict'
import { type Collection, createStore, defineCollection } from '@coffer/core'
import type { Backend } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'
import { textOrderCases } from './text-order.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), value: z.string().optional() }),
  key: 'id',
  fields: { value: 'index' },
})

type Things = Collection<z.output<typeof things.schema>, 'id' | 'value'>

/** What is no name, neither a key nor a tenant. */
const NO_NAMES: readonly (readonly [word: string, title: string, name: unknown])[] = [
  ['empty', 'empty text', ''],
  ['nul', 'text with NUL', 'a\0b'],
  ['high-surrogate', 'text that ends in half a surrogate pair', 'a\ud800'],
  ['low-surrogate', 'text with a low surrogate alone', 'a\udc00b'],
  ['swapped-surrogates', 'text with a surrogate pair the wrong way round', '\ude00\ud83d'],
  ['number', 'a number', 42],
  ['null', 'null', null],
  ['undefined', 'undefined', undefined],
]

const NO_KEYS: typeof NO_NAMES = [
  ...NO_NAMES,
  ['long', 'a text of 1,025 bytes', 'x'.repeat(1_025)],
  ['long-in-bytes', 'a text of 1,025 bytes in 513 characters', `x${'é'.repeat(512)}`],
]

const NO_TENANTS: typeof NO_NAMES = [
  ...NO_NAMES,
  ['long', 'a text of 257 bytes', 'x'.repeat(257)],
  ['long-in-bytes', 'a text of 257 bytes in 129 characters', `x${'é'.repeat(128)}`],
]

/** Ordinary names, all distinct, that something or other has been known to trip over. */
const ORDINARY_NAMES = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'null', 'undefined'],
  ...['.', '..', '../..', '/', '//', '\\', ':', '::', '%', '%00', '_', '*', '?', '$1', '?1', '@a', '#', '~'],
  ...[
    'CON',
    'con',
    'NUL',
    'a.',
    'a',
    'A',
    "'",
    "''",
    '"',
    "'; --",
    '`',
    '{',
    '[]',
    '0',
    '00',
    '0.0',
    '1e0',
    '-0',
  ],
  ...[' ', '  ', ' a', 'a ', '\ta', 'a\n', 'a\r\n', 'a\u00a0', 'a\u200b', '\ufeffa', '\u0001', '\u007f'],
  ...[
    '\u00e9',
    'e\u0301',
    '\u00c9',
    '\u212b',
    '\u00c5',
    'A\u030a',
    'ß',
    'ss',
    'SS',
    'I',
    'i',
    '\u0130',
    '\u0131',
  ],
  ...['\ud7ff', '\ue000', '\ufffd', '\uffff', '\u{10000}', '\u{1f600}', '\u{1f600}\u{1f600}', '\u{10ffff}'],
]

/** K: what can be a key or a tenant's name, that all of those are distinct, and the order of text. */
export const keyCases: readonly Case[] = [
  ...NO_KEYS.map(([word, title, key]) => ({
    id: `K1-${word}`,
    clause: 'K1',
    title: `${title} is refused as a key by every operation`,
    run: (context: CaseContext) => assertNoKey(context.store().collection(things), unchecked(key)),
  })),
  ...NO_TENANTS.map(([word, title, tenant]) => ({
    id: `K1-tenant-${word}`,
    clause: 'K1',
    title: `${title} is refused as a tenant's name`,
    run: async (context: CaseContext) => {
      const store = context.store()
      await assertRefused(() => store.tenant(unchecked(tenant)))
    },
  })),
  {
    id: 'K1-before-io',
    clause: 'K1',
    title: 'a refused key never reaches the backend',
    run: async (context) => {
      const calls: string[] = []
      const store = createStore({ backend: watched(context.place.backend(), calls) })
      try {
        await assertNoKey(store.collection(things), 'a\0')
        assert.deepEqual(calls, [])
      } finally {
        await store.close()
      }
    },
  },
  {
    id: 'K1-longest',
    clause: 'K1',
    title: 'keys of 1,024 bytes are told apart by their last character',
    run: async (context) => {
      const collection = context.store().collection(things)
      const keys = ['x'.repeat(1_024), `${'x'.repeat(1_023)}y`, 'é'.repeat(512), '\u{1f600}'.repeat(256)]
      await collection.putMany(keys.map((id, index) => ({ id, value: `${index}` })))
      const found = await collection.getMany(keys)
      assert.deepEqual(
        found.map((record) => record?.value),
        ['0', '1', '2', '3'],
      )
    },
  },
  {
    id: 'K1-longest-together',
    clause: 'K1',
    title: 'the longest tenant, key and indexed text go together, also when they do not compress',
    run: async (context) => {
      const tenant = noise(256, 1)
      const record = { id: noise(1_024, 2), value: noise(1_024, 3) }
      const collection = context.store().tenant(tenant).collection(things)
      await collection.put(record)
      const page = await collection.find({ where: { id: record.id, value: record.value } })
      assert.deepEqual(page.records, [record])
    },
  },
  {
    id: 'K4-distinct',
    clause: 'K4',
    title: 'names that trip others are ordinary, distinct keys',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(ordinaryRecords())
      assert.deepEqual(await collection.getMany(ORDINARY_NAMES), ordinaryRecords())
    },
  },
  {
    id: 'K4-never-stored',
    clause: 'K4',
    title: 'names that trip others are not there before they are stored',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.put({ id: 'other' })
      const found = await collection.getMany(ORDINARY_NAMES)
      assert.deepEqual(new Set(found), new Set([undefined]))
    },
  },
  {
    id: 'K4-asked-by-filter',
    clause: 'K4',
    title: 'a filter on the key means exactly that key',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(ordinaryRecords())
      const answers = await Promise.all(ORDINARY_NAMES.map((id) => collection.find({ where: { id } })))
      assert.deepEqual(
        answers.map((page) => page.records.map((record) => record.id)),
        ORDINARY_NAMES.map((name) => [name]),
      )
    },
  },
  {
    id: 'K4-deleted-alone',
    clause: 'K4',
    title: 'deleting one of them leaves all the others',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(ordinaryRecords())
      for (const gone of ['__proto__', 'a', '%', '\u00e9', '..'])
        assert.equal(await collection.delete(gone), true)
      const rest = await collection.find({ limit: 1_000 })
      assert.deepEqual(
        new Set(rest.records.map((record) => record.id)),
        new Set(ORDINARY_NAMES.filter((name) => !['__proto__', 'a', '%', '\u00e9', '..'].includes(name))),
      )
    },
  },
  {
    id: 'K4-tenants',
    clause: 'K4',
    title: 'names that trip others are ordinary, distinct tenants',
    run: async (context) => {
      const store = context.store()
      const inTenant = (name: string) => store.tenant(name).collection(things)
      await Promise.all(ORDINARY_NAMES.map((name) => inTenant(name).put({ id: 'one', value: name })))
      const found = await Promise.all(ORDINARY_NAMES.map((name) => inTenant(name).find()))
      assert.deepEqual(
        found.map((page) => page.records),
        ORDINARY_NAMES.map((name) => [{ id: 'one', value: name }]),
      )
    },
  },
  ...textOrderCases,
]

function ordinaryRecords() {
  return ORDINARY_NAMES.map((id, index) => ({ id, value: `value ${index}` }))
}

async function assertNoKey(collection: Things, key: string): Promise<void> {
  await assertRefused(() => collection.get(key))
  await assertRefused(() => collection.getEntry(key))
  await assertRefused(() => collection.getMany(['fine', key]))
  await assertRefused(() => collection.has(key))
  await assertRefused(() => collection.put({ id: key }))
  await assertRefused(() => collection.putMany([{ id: 'fine' }, { id: key }]))
  await assertRefused(() => collection.insert({ id: key }))
  await assertRefused(() => collection.update(key, {}))
  await assertRefused(() => collection.delete(key))
  await assertRefused(() => collection.deleteMany(['fine', key]))
}

/** A backend that notes which of its methods were called, but for closing and naming errors. */
function watched(backend: Backend, calls: string[]): Backend {
  return new Proxy(backend, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        if (name !== 'close' && name !== 'errorCode') calls.push(String(name))
        return Reflect.apply(member, target, given)
      }
    },
  })
}

/** Text of so many bytes that no engine can compress to much less. */
function noise(bytes: number, seed: number): string {
  let state = seed
  const characters = Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return String.fromCharCode(33 + ((state >>> 16) % 94))
  })
  return characters.join('')
}
