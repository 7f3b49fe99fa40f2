import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { entryHash, GENESIS_HASH } from '../src/chain.ts'
import { recordHash } from '../src/hash.ts'
import { canonicalJson } from '../src/json.ts'

test('canonical JSON is that of RFC 8785, section 3.2.2', () => {
  const value = {
    // biome-ignore lint/correctness/noPrecisionLoss: the example of the RFC
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  }
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  )
})

test('members stand in the order of their UTF-16 code units, as in section 3.2.3', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  }
  const names = [...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map(([, name]) => name)
  expect(names).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ])
})

test.each([
  [-0, '0'],
  [1e21, '1e+21'],
  [999999999999999900000, '999999999999999900000'],
  [9007199254740994, '9007199254740994'],
  [5e-324, '5e-324'],
])('the number %s is written as %s, as in appendix B', (value, expected) => {
  expect(canonicalJson(value)).toBe(expected)
})

test('members stand in that order however many they are', () => {
  const name = fc.string({ unit: 'binary', maxLength: 3 })
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 60 }), (names) => {
      const text = canonicalJson(Object.fromEntries(names.map((each) => [each, 0])))
      expect(text).toBe(`{${[...names].sort().map((each) => `${JSON.stringify(each)}:0`)}}`)
    }),
  )
})

test('a document has one canonical form, whatever the order of its members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (document) => {
      const reversed = Object.fromEntries(Object.entries(document).toReversed())
      expect(canonicalJson(reversed)).toBe(canonicalJson(document))
      expect(canonicalJson(JSON.parse(canonicalJson(document)))).toBe(canonicalJson(document))
    }),
  )
})

const entry = { log: 'l', tenant: 't', stream: 's', sequence: 1, previous: GENESIS_HASH, entry: { a: 1 } }

test('the hash of an entry is SHA-256 over a documented form', () => {
  const text =
    `{"coffer":"log-entry/1","entry":{"a":1},"log":"l","previous":"${'0'.repeat(64)}",` +
    '"sequence":1,"stream":"s","tenant":"t"}'
  expect(entryHash(entry)).toBe(createHash('sha256').update(text).digest('hex'))
})

test('every part of its place changes the hash of an entry', () => {
  const others = [
    { log: 'm' },
    { tenant: 'u' },
    { stream: 'r' },
    { sequence: 2 },
    { previous: 'f'.repeat(64) },
    { entry: { a: 2 } },
    { log: 't', tenant: 'l' },
  ].map((change) => entryHash({ ...entry, ...change }))
  expect(new Set([entryHash(entry), ...others]).size).toBe(8)
})

test('the hash of a record covers its place, and is never that of an entry', () => {
  const hashes = [
    recordHash('c', 't', 'i', { a: 1 }),
    recordHash('d', 't', 'i', { a: 1 }),
    recordHash('c', 'u', 'i', { a: 1 }),
    recordHash('c', 't', 'j', { a: 1 }),
    recordHash('c', 't', 'i', { a: 2 }),
    recordHash('t', 'c', 'i', { a: 1 }),
    entryHash({ ...entry, log: 'c', tenant: 't', stream: 'i' }),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/)
})
