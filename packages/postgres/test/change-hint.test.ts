/** What is told of a commit, as text. */

import type { ChangedKey } from '@coffer/core/backend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hintsOf, MAX_NAMED, readHint } from '../src/change-hint.ts'

const text = (maxBytes: number) =>
  fc
    .oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: maxBytes }),
      // What JSON writes six times as long, and what is long by itself.
      fc.constantFrom('\u0001', '"', '\\', '💾', '\u2028').map((unit) => unit.repeat(maxBytes / 4)),
    )
    .filter((value) => value !== '' && Buffer.byteLength(value) <= maxBytes)

const key: fc.Arbitrary<ChangedKey> = fc.record({
  layout: fc.constantFrom('notes', 'audit_entries', 'a'.repeat(40)),
  tenant: text(256),
  id: text(1_024),
})

const heardIn = (hints: readonly string[]) => hints.map(readHint)
const names = (keys: readonly ChangedKey[]) =>
  new Set(keys.map(({ layout, tenant, id }) => JSON.stringify([layout, tenant, id])))

test('every key that was changed is named, by texts that PostgreSQL takes', () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 60 }), (changed) => {
      const hints = hintsOf('me', changed)
      expect(Math.max(...hints.map((hint) => Buffer.byteLength(hint)))).toBeLessThanOrEqual(7_999)
      const heard = heardIn(hints)
      expect(heard.map(({ from }) => from)).toEqual(hints.map(() => 'me'))
      const isNamed = heard.every((hint) => hint.changed !== undefined)
      // The longest keys may be more than is named at all.
      expect(isNamed || JSON.stringify(changed).length > 32 * 6_000).toBe(true)
      if (isNamed) expect(names(heard.flatMap((hint) => hint.changed ?? []))).toEqual(names(changed))
    }),
  )
})

test('a text is filled before the next is begun', () => {
  const changed = Array.from({ length: 10_000 }, (_, index) => ({
    layout: 'notes',
    tenant: 't',
    id: `i${index}`,
  }))
  const hints = hintsOf('me', changed)
  expect(hints.slice(0, -1).filter((hint) => Buffer.byteLength(hint) < 7_980)).toEqual([])
  expect(names(heardIn(hints).flatMap((hint) => hint.changed ?? []))).toEqual(names(changed))
})

test('a key is named once, however often it was changed', () => {
  const changed = Array.from({ length: 1_000 }, () => ({ layout: 'notes', tenant: 't', id: 'a' }))
  expect(hintsOf('me', changed)).toEqual(['["me",["notes","t","a"]]'])
})

test('nothing changed is nothing told', () => {
  expect(hintsOf('me', [])).toEqual([])
})

test.each([
  ['more than is looked at', MAX_NAMED + 1, () => 'a'],
  ['more than has room', 3_000, (index: number) => `${index} ${'a'.repeat(500)}`],
])('of %s one short text says that it may be everything', (_title, count, idOf) => {
  const changed = Array.from({ length: count }, (_, index) => ({
    layout: 'notes',
    tenant: 't',
    id: idOf(index),
  }))
  const hints = hintsOf('me', changed)
  expect(hints).toEqual(['["me"]'])
  expect(heardIn(hints)).toEqual([{ from: 'me', changed: undefined }])
})

test.each([
  '',
  'x',
  '{',
  'null',
  '7',
  '"me"',
  '[]',
  '{}',
  '["me",7]',
  '["me",[]]',
  '["me",["notes","t"]]',
  '["me",["notes","t",7]]',
  '["me",["notes","t","a"],{}]',
  '['.repeat(7_999),
])('what is no hint means everything: %s', (strange) => {
  expect(readHint(strange).changed).toBe(undefined)
})
