/** The SQL of pages and of the conditions in them, dialect by dialect. */

import type { Predicate, Query } from '@coffer/core/backend'
import { describe, expect, test } from 'vitest'
import { countStatement, documentParts, queryParts, tableOf } from '../src/index.ts'
import { DIALECTS, everyDialect, NOTES } from './dialects.ts'

const QUERY: Query = {
  tenant: 'acme',
  where: undefined,
  order: [{ field: -1, direction: 'asc' }],
  after: undefined,
  offset: 0,
  limit: 10,
  visibility: 'live',
  withFields: false,
}

/** The parts of a page, each on a line. */
function pageText(change: Partial<Query>): string {
  return everyDialect((table) =>
    queryParts(table, { ...QUERY, ...change }, 5)
      .map((part) => part(11).text)
      .join('\n'),
  )
}

function conditionText(where: Predicate): string {
  return everyDialect((table) => {
    const { text } = countStatement(table, { tenant: 'acme', where, visibility: 'any' }, 5)
    return text.replace(/^.*?WHERE .*? AND /, '')
  })
}

describe('pages', () => {
  test('the first page by id', () => {
    expect(pageText({})).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes" WHERE "_tenant" = ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "_id" ASC LIMIT ?
      -- postgresql
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $2) ORDER BY "_id" ASC LIMIT $3"
    `)
  })
  test('a later page by required fields is one row value', () => {
    const order = [
      { field: 0, direction: 'desc' },
      { field: 3, direction: 'desc' },
      { field: -1, direction: 'desc' },
    ] as const
    expect(pageText({ order, after: { values: ['ann', 4], id: 'i' } })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "at" FROM "notes" WHERE "_tenant" = ? AND ("author", "at", "_id") < (?, ?, ?) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "author" DESC, "at" DESC, "_id" DESC LIMIT ?
      -- postgresql
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", "author", (extract(epoch FROM "at") * 1000)::bigint AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND ("author", "at", "_id") < ($2, $3, $4) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $5) ORDER BY "author" DESC, "at" DESC, "_id" DESC LIMIT $6"
    `)
  })
  test('a later page in descending order goes on with the nulls', () => {
    const order = [
      { field: 1, direction: 'desc' },
      { field: -1, direction: 'desc' },
    ] as const
    expect(pageText({ order, after: { values: [4], id: 'i' } })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND ("score", "_id") < (?, ?) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" DESC, "_id" DESC LIMIT ?
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND "score" IS NULL AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" DESC, "_id" DESC LIMIT ?
      -- postgresql
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", encode(float8send("score"), 'hex') AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND ("score", "_id") < ($2, $3) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $4) ORDER BY "score" DESC NULLS LAST, "_id" DESC LIMIT $5
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", encode(float8send("score"), 'hex') AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "score" IS NULL AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $2) ORDER BY "score" DESC NULLS LAST, "_id" DESC LIMIT $3"
    `)
  })
  test('a page behind a null in ascending order goes on with the values', () => {
    const order = [
      { field: 1, direction: 'asc' },
      { field: -1, direction: 'asc' },
    ] as const
    expect(pageText({ order, after: { values: [null], id: 'i' } })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND "score" IS NULL AND "_id" > ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" ASC, "_id" ASC LIMIT ?
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND "score" IS NOT NULL AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" ASC, "_id" ASC LIMIT ?
      -- postgresql
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", encode(float8send("score"), 'hex') AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "score" IS NULL AND "_id" > $2 AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $3) ORDER BY "score" ASC NULLS FIRST, "_id" ASC LIMIT $4
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", encode(float8send("score"), 'hex') AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "score" IS NOT NULL AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $2) ORDER BY "score" ASC NULLS FIRST, "_id" ASC LIMIT $3"
    `)
  })
  test('mixed directions', () => {
    const order = [
      { field: 0, direction: 'asc' },
      { field: 3, direction: 'desc' },
      { field: -1, direction: 'desc' },
    ] as const
    expect(pageText({ order, after: { values: ['ann', 4], id: 'i' } })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "at" FROM "notes" WHERE "_tenant" = ? AND "author" = ? AND ("at", "_id") < (?, ?) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "author" ASC, "at" DESC, "_id" DESC LIMIT ?
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "at" FROM "notes" WHERE "_tenant" = ? AND "author" > ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "author" ASC, "at" DESC, "_id" DESC LIMIT ?
      -- postgresql
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", "author", (extract(epoch FROM "at") * 1000)::bigint AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "author" = $2 AND ("at", "_id") < ($3, $4) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $5) ORDER BY "author" ASC, "at" DESC, "_id" DESC LIMIT $6
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", "author", (extract(epoch FROM "at") * 1000)::bigint AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "author" > $2 AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $3) ORDER BY "author" ASC, "at" DESC, "_id" DESC LIMIT $4"
    `)
  })
  test('an offset makes one part of all that is behind', () => {
    const order = [
      { field: 1, direction: 'asc' },
      { field: -1, direction: 'asc' },
    ] as const
    expect(pageText({ order, after: { values: [null], id: 'i' }, offset: 3 })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND ("score" IS NULL AND "_id" > ? OR "score" IS NOT NULL) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" ASC, "_id" ASC LIMIT ? OFFSET ?
      -- postgresql
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", encode(float8send("score"), 'hex') AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND ("score" IS NULL AND "_id" > $2 OR "score" IS NOT NULL) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $3) ORDER BY "score" ASC NULLS FIRST, "_id" ASC LIMIT $4 OFFSET $5"
    `)
  })
  test('the fields of a row', () => {
    expect(pageText({ withFields: true, visibility: 'any' })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "score", "done", "at", "tags" FROM "notes" WHERE "_tenant" = ? ORDER BY "_id" ASC LIMIT ?
      -- postgresql
      SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", "author", encode(float8send("score"), 'hex') AS "_", "done", (extract(epoch FROM "at") * 1000)::bigint AS "_", to_json("tags")::text AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 ORDER BY "_id" ASC LIMIT $2"
    `)
  })
  test('documents alone', () => {
    const text = everyDialect((table) =>
      documentParts(table, QUERY, 5)
        .map((part) => part(11).text)
        .join('\n'),
    )
    expect(text).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT CASE "_schema_version" WHEN 2 THEN "_doc" ELSE "_schema_version" || ' ' || "_doc" END AS "_" FROM "notes" WHERE "_tenant" = ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "_id" ASC LIMIT ?
      -- postgresql
      SELECT CASE "_schema_version" WHEN 2 THEN "_doc"::text ELSE "_schema_version" || ' ' || "_doc"::text END AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $2) ORDER BY "_id" ASC LIMIT $3"
    `)
  })
  test.each(Object.values(DIALECTS))('a part of $name asks for the rows still wanted', (dialect) => {
    const order = [
      { field: 3, direction: 'desc' },
      { field: 1, direction: 'desc' },
      { field: -1, direction: 'desc' },
    ] as const
    const parts = queryParts(
      tableOf(dialect, NOTES),
      { ...QUERY, order, after: { values: [3, 4], id: 'i' } },
      5,
    )
    const instant = dialect.encode.timestamp
    expect(parts.map((part) => part(7).parameters)).toEqual([
      ['acme', instant(3), 4, 'i', instant(5), 7],
      ['acme', instant(3), instant(5), 7],
      ['acme', instant(3), instant(5), 7],
    ])
  })
})

describe('conditions', () => {
  test('comparisons', () => {
    const terms: Predicate[] = (['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const).map((comparison) => ({
      type: 'compare',
      field: 1,
      comparison,
      value: 4,
    }))
    expect(conditionText({ type: 'and', terms })).toMatchInlineSnapshot(`
      "-- sqlite
      (("score" = ?) AND ("score" <> ?) AND ("score" > ?) AND ("score" >= ?) AND ("score" < ?) AND ("score" <= ?))
      -- postgresql
      (("score" = $2) AND ("score" <> $3) AND ("score" > $4) AND ("score" >= $5) AND ("score" < $6) AND ("score" <= $7))"
    `)
  })
  test('what is under a not is made two-valued where it could be null', () => {
    const terms: Predicate[] = [
      { type: 'compare', field: 0, comparison: 'gt', value: 'a' },
      { type: 'compare', field: 1, comparison: 'gt', value: 4 },
      { type: 'null', field: 1 },
    ]
    expect(conditionText({ type: 'not', term: { type: 'or', terms } })).toMatchInlineSnapshot(`
      "-- sqlite
      NOT (("author" > ?) OR ("score" IS NOT NULL AND "score" > ?) OR ("score" IS NULL))
      -- postgresql
      NOT (("author" > $2) OR ("score" IS NOT NULL AND "score" > $3) OR ("score" IS NULL))"
    `)
  })
  test('lists are one parameter', () => {
    expect(conditionText({ type: 'in', field: 0, values: ['a', 'b'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("author" IN (SELECT value FROM json_each(?)))
      -- postgresql
      ("author" = ANY($2::text[]))"
    `)
    expect(conditionText({ type: 'in', field: 0, values: ['a'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("author" = ?)
      -- postgresql
      ("author" = $2)"
    `)
  })
  test('a list of instants', () => {
    const where: Predicate = { type: 'in', field: 3, values: [1, 2] }
    expect(conditionText(where)).toMatchInlineSnapshot(`
      "-- sqlite
      ("at" IN (SELECT value FROM json_each(?)))
      -- postgresql
      ("at" = ANY($2::timestamptz[]))"
    `)
    const lists = Object.values(DIALECTS).map(
      (dialect) =>
        countStatement(tableOf(dialect, NOTES), { tenant: 'acme', where, visibility: 'any' }, 5)
          .parameters[1],
    )
    expect(lists).toEqual(['[1,2]', ['1970-01-01T00:00:00.001Z', '1970-01-01T00:00:00.002Z']])
  })
  test('a prefix is a range', () => {
    expect(conditionText({ type: 'prefix', field: 0, prefix: 'a%' })).toMatchInlineSnapshot(`
      "-- sqlite
      ("author" >= ? AND "author" < ?)
      -- postgresql
      ("author" >= $2 AND "author" < $3)"
    `)
  })
  test('texts are asked of an index', () => {
    expect(conditionText({ type: 'hasAll', field: 4, values: ['a'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("_id" IN (SELECT "_id" FROM "notes$tags" WHERE "_tenant" = ? AND "value" = ?))
      -- postgresql
      ("tags" @> $2::text[])"
    `)
    expect(conditionText({ type: 'hasAll', field: 4, values: ['a', 'b', 'a'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("_id" IN (SELECT "_id" FROM "notes$tags" WHERE "_tenant" = ? AND "value" IN (SELECT value FROM json_each(?)) GROUP BY "_id" HAVING count(*) = ?))
      -- postgresql
      ("tags" @> $2::text[])"
    `)
    expect(conditionText({ type: 'hasAny', field: 4, values: ['a', 'b'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("_id" IN (SELECT "_id" FROM "notes$tags" WHERE "_tenant" = ? AND "value" IN (SELECT value FROM json_each(?))))
      -- postgresql
      ("tags" && $2::text[])"
    `)
  })
  test('nothing to be true of is true, nothing to choose from is false', () => {
    expect(conditionText({ type: 'and', terms: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      1
      -- postgresql
      TRUE"
    `)
    expect(conditionText({ type: 'or', terms: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      0
      -- postgresql
      FALSE"
    `)
    expect(conditionText({ type: 'hasAll', field: 4, values: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("tags" IS NOT NULL)
      -- postgresql
      ("tags" IS NOT NULL)"
    `)
    expect(conditionText({ type: 'hasAny', field: 4, values: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      (0)
      -- postgresql
      (FALSE)"
    `)
  })
})
