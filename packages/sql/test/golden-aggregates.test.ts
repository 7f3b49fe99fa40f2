/** The SQL of groups and measures, dialect by dialect. */

import type { Aggregation } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { aggregatedRow, aggregateStatement, tableOf } from '../src/index.ts'
import { DIALECTS, everyDialect, NOTES } from './dialects.ts'

const AGGREGATION: Aggregation = {
  tenant: 'acme',
  where: undefined,
  visibility: 'any',
  by: [],
  measures: [{ type: 'count', field: undefined }],
  limit: 11,
}

function text(change: Partial<Aggregation>): string {
  return everyDialect((table) => aggregateStatement(table, { ...AGGREGATION, ...change }, 5).text)
}

test('without groups there is one row', () => {
  expect(text({ visibility: 'live' })).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT count(*) FROM "notes" WHERE "_tenant" = ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?)
    -- postgresql
    SELECT count(*) FROM "coffer"."notes" WHERE "_tenant" = $1 AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $2)"
  `)
})

test('groups by columns, which an index can serve', () => {
  expect(text({ by: [0, 1, -1].map((field) => ({ field, everyMs: undefined })) })).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT "author", "score", "_id", count(*) FROM "notes" WHERE "_tenant" = ? GROUP BY "author", "score", "_id" LIMIT ?
    -- postgresql
    SELECT "author", encode(float8send("score"), 'hex'), "_id", count(*) FROM "coffer"."notes" WHERE "_tenant" = $1 GROUP BY "author", "score", "_id" LIMIT $2"
  `)
})

test('groups by spans of time', () => {
  const by = [
    { field: 3, everyMs: 60_000 },
    { field: 2, everyMs: undefined },
  ]
  expect(text({ by })).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT "at" - ("at" % ? + ?) % ?, "done", count(*) FROM "notes" WHERE "_tenant" = ? GROUP BY 1, "done" LIMIT ?
    -- postgresql
    SELECT (extract(epoch FROM "at") * 1000)::bigint - ((extract(epoch FROM "at") * 1000)::bigint % $1::bigint + $2::bigint) % $3::bigint, "done", count(*) FROM "coffer"."notes" WHERE "_tenant" = $4 GROUP BY 1, "done" LIMIT $5"
  `)
})

test('counts and extremes', () => {
  const measures: Aggregation['measures'] = [
    { type: 'count', field: 4 },
    ...[0, 1, 2, 3].map((field) => ({ type: 'min', field }) as const),
    ...[2, 3].map((field) => ({ type: 'max', field }) as const),
  ]
  expect(text({ measures })).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT count("tags"), min("author"), min("score"), min("done"), min("at"), max("done"), max("at") FROM "notes" WHERE "_tenant" = ?
    -- postgresql
    SELECT count("tags"), min("author"), encode(float8send(min("score")), 'hex'), bool_and("done"), (extract(epoch FROM min("at")) * 1000)::bigint, bool_or("done"), (extract(epoch FROM max("at")) * 1000)::bigint FROM "coffer"."notes" WHERE "_tenant" = $1"
  `)
})

test('exact sums of numbers', () => {
  expect(text({ measures: [{ type: 'sum', field: 1 }] })).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT coffer_exact_sum("score") FROM "notes" WHERE "_tenant" = ?
    -- postgresql
    SELECT sum(CASE WHEN abs("score") < 9007199254740992 OR abs("score") >= 1e40 THEN "score"::text::numeric ELSE (SELECT CASE WHEN ("score"::numeric)::float8 = "score" THEN "score"::numeric WHEN (round("_form", 16 - "_digits"))::float8 = "score" THEN round("_form", 16 - "_digits") WHEN (trunc("_form", 16 - "_digits"))::float8 = "score" THEN trunc("_form", 16 - "_digits") ELSE "_form" END FROM (SELECT "score"::text::numeric AS "_form", length(trunc(abs("score"::text::numeric))::text) AS "_digits") AS "_forms") END) FROM (SELECT set_config('extra_float_digits', '1', true) AS "_setting") AS "_settings" CROSS JOIN "coffer"."notes" WHERE "_tenant" = $1"
  `)
})

test('exact sums of integers', () => {
  const layout = { ...NOTES, fields: [{ name: 'rank', type: 'integer', nullable: true }] } as const
  const sums = everyDialect(
    (table) => aggregateStatement(table, { ...AGGREGATION, measures: [{ type: 'sum', field: 0 }] }, 5).text,
    layout,
  )
  expect(sums).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT coffer_exact_sum("rank") FROM "notes" WHERE "_tenant" = ?
    -- postgresql
    SELECT sum("rank") FROM "coffer"."notes" WHERE "_tenant" = $1"
  `)
})

test.each(Object.values(DIALECTS))('the parameters of $name stand in the order of its text', (dialect) => {
  const { parameters } = aggregateStatement(
    tableOf(dialect, NOTES),
    {
      ...AGGREGATION,
      by: [{ field: 3, everyMs: 60_000 }],
      where: { type: 'compare', field: 1, comparison: 'gt', value: 4 },
    },
    5,
  )
  expect(parameters).toEqual([60_000, 60_000, 60_000, 'acme', 4, 11])
})

test.each(Object.values(DIALECTS))(
  'nothing is read of $name as no value, and a sum of it as 0',
  (dialect) => {
    const aggregation: Aggregation = {
      ...AGGREGATION,
      by: [{ field: 0, everyMs: undefined }],
      measures: [
        { type: 'sum', field: 1 },
        { type: 'min', field: 2 },
        { type: 'count', field: 4 },
      ],
    }
    expect(aggregatedRow(tableOf(dialect, NOTES), aggregation, [null, null, null, '0'])).toEqual({
      group: [null],
      measures: ['0', null, 0],
    })
  },
)
