/** Commits as text: every row comes back as it was, whatever is in it. */

import type { RowChange } from '@coffer/memory/engine'
import { Engine } from '@coffer/memory/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changesBody, commitJson, parseLine } from '../src/record.ts'
import { classify, replayCommit } from '../src/replay.ts'
import { plain } from './stores.ts'

const { layout } = plain

/** Texts that a careless reader would take for structure. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(',"record":', '"changes":[', '{"put":', '}', '\\"', '\u2028', '\u{1f600}', '"synced":9'),
)

const row = fc.record({
  tenant: text.filter((each) => each !== ''),
  id: text.filter((each) => each !== ''),
  version: fc.integer({ min: 1, max: 2 ** 40 }),
  createdAt: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  updatedAt: fc.integer({ min: 0, max: 2 ** 45 }),
  expiresAt: fc.option(fc.integer({ min: 0, max: 2 ** 45 })),
  deletedAt: fc.option(fc.integer({ min: 0, max: 2 ** 45 })),
  document: fc
    .record({
      id: text,
      record: text,
      changes: fc.array(text),
      n: fc.double({ noNaN: true, noDefaultInfinity: true }),
    })
    .map((each) => JSON.stringify(each)),
  schemaVersion: fc.integer({ min: 1, max: 9 }),
  hash: fc.option(fc.constant('ab'.repeat(32))),
  fields: fc.tuple(fc.oneof(text, fc.constant(null), fc.integer(), fc.boolean(), fc.array(text))),
})

const changes = fc
  .uniqueArray(row, {
    minLength: 1,
    maxLength: 4,
    selector: ({ tenant, id }) => JSON.stringify([tenant, id]),
  })
  .map((rows) =>
    rows.map(
      (next): RowChange => ({
        layout: layout.name,
        tenant: next.tenant,
        id: next.id,
        previous: undefined,
        next,
        floorBefore: 0,
        floor: 0,
      }),
    ),
  )

test('rows come back as they were', () => {
  fc.assert(
    fc.property(changes, fc.option(fc.nat(), { nil: undefined }), (made, synced) => {
      const engine = new Engine()
      engine.open([layout])
      const buffer = Buffer.from(commitJson(changesBody(made), 12, synced))
      const parsed = parseLine(buffer, 0, buffer.length)
      expect(classify(parsed)).toEqual({ type: 'commit', commit: 12, synced })
      replayCommit(engine, parsed)
      for (const { tenant, id, next } of made) expect(engine.table('plain').get({ tenant, id })).toEqual(next)
    }),
  )
})

test('a removal raises the floor', () => {
  const engine = new Engine()
  engine.open([layout])
  const key = { layout: 'plain', tenant: 't', id: 'a' }
  const body = changesBody([{ ...key, previous: undefined, next: undefined, floorBefore: 3, floor: 7 }])
  const buffer = Buffer.from(commitJson(body, 1, undefined))
  replayCommit(engine, parseLine(buffer, 0, buffer.length))
  expect(engine.table('plain').floor('t')).toBe(7)
})
