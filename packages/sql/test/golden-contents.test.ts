/** The SQL that moves rows as they are, dialect by dialect. */

import type { NewRow } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { addRow, layoutText, newRows, parseLayout, putRow, readRows } from '../src/index.ts'
import { everyDialect, NOTES } from './dialects.ts'

test('rows are read by their keys, and behind one', () => {
  const text = everyDialect((table) => `${readRows(table, false).text}\n${readRows(table, true).text}`)
  expect(text).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "score", "done", "at", "tags", "_tenant" FROM "notes" ORDER BY "_tenant", "_id" LIMIT ?
    SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "score", "done", "at", "tags", "_tenant" FROM "notes" WHERE ("_tenant", "_id") > (?, ?) ORDER BY "_tenant", "_id" LIMIT ?
    -- postgresql
    SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", coalesce("author", '') AS "_", encode(float8send("score"), 'hex') AS "_", "done", (extract(epoch FROM coalesce("at", '1970-01-01T00:00:00Z')) * 1000)::bigint AS "_", to_json(coalesce("tags", '{}'))::text AS "_", "_tenant" FROM "coffer"."notes" ORDER BY "_tenant", "_id" LIMIT $1
    SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_", coalesce("author", '') AS "_", encode(float8send("score"), 'hex') AS "_", "done", (extract(epoch FROM coalesce("at", '1970-01-01T00:00:00Z')) * 1000)::bigint AS "_", to_json(coalesce("tags", '{}'))::text AS "_", "_tenant" FROM "coffer"."notes" WHERE ("_tenant", "_id") > ($1, $2) ORDER BY "_tenant", "_id" LIMIT $3"
  `)
})

test('rows are added, and put over others', () => {
  expect(everyDialect((table) => `${addRow(table).text}\n${putRow(table).text}`)).toMatchInlineSnapshot(`
    "-- sqlite
    INSERT INTO "notes" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    INSERT INTO "notes" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT ("_tenant", "_id") DO UPDATE SET "author" = excluded."author", "score" = excluded."score", "done" = excluded."done", "at" = excluded."at", "tags" = excluded."tags", "_version" = excluded."_version", "_schema_version" = excluded."_schema_version", "_created_at" = excluded."_created_at", "_updated_at" = excluded."_updated_at", "_expires_at" = excluded."_expires_at", "_deleted_at" = excluded."_deleted_at", "_hash" = excluded."_hash", "_doc" = excluded."_doc"
    -- postgresql
    INSERT INTO "coffer"."notes" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    INSERT INTO "coffer"."notes" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT ("_tenant", "_id") DO UPDATE SET "author" = excluded."author", "score" = excluded."score", "done" = excluded."done", "at" = excluded."at", "tags" = excluded."tags", "_version" = excluded."_version", "_schema_version" = excluded."_schema_version", "_created_at" = excluded."_created_at", "_updated_at" = excluded."_updated_at", "_expires_at" = excluded."_expires_at", "_deleted_at" = excluded."_deleted_at", "_hash" = excluded."_hash", "_doc" = excluded."_doc""
  `)
})

const ROW: NewRow = {
  tenant: 't',
  id: 'i',
  document: '{}',
  schemaVersion: 1,
  hash: 'h',
  version: 7,
  createdAt: 1,
  updatedAt: 2,
  expiresAt: null,
  deletedAt: 3,
  fields: ['a', null, true, 9, ['x']],
}

test('parameters stand in the order of their placeholders', () => {
  const text = everyDialect((table) =>
    [
      addRow(table).parameters(ROW),
      putRow(table).parameters(ROW),
      readRows(table, false).parameters(undefined, 9),
      readRows(table, true).parameters(ROW, 9),
    ]
      .map((parameters) => JSON.stringify(parameters))
      .join('\n'),
  )
  expect(text).toMatchInlineSnapshot(`
    "-- sqlite
    ["a",null,1,9,"[\\"x\\"]","t","i",7,1,1,2,null,3,"h","{}"]
    ["a",null,1,9,"[\\"x\\"]","t","i",7,1,1,2,null,3,"h","{}"]
    [9]
    ["t","i",9]
    -- postgresql
    ["a",null,true,"1970-01-01T00:00:00.009Z",["x"],"t","i",7,1,"1970-01-01T00:00:00.001Z","1970-01-01T00:00:00.002Z",null,"1970-01-01T00:00:00.003Z","h","{}"]
    ["a",null,true,"1970-01-01T00:00:00.009Z",["x"],"t","i",7,1,"1970-01-01T00:00:00.001Z","1970-01-01T00:00:00.002Z",null,"1970-01-01T00:00:00.003Z","h","{}"]
    [9]
    ["t","i",9]"
  `)
})

test('a row is read back as it was', () => {
  const cells = ['i', 7, 1, 1, 2, null, 3, 'h', '{}', 'a', null, 1, 9, '["x"]', 't']
  everyDialect((table) => {
    if (table.dialect.name === 'sqlite') expect(newRows(table, [cells])).toEqual([ROW])
    return ''
  })
})

test('a layout is read back from its text, without its history', () => {
  expect(parseLayout('notes', layoutText(NOTES))).toEqual({ ...NOTES, history: undefined })
})

test.each([
  ['no JSON', '{'],
  ['no object', 'null'],
  ['another name', layoutText({ ...NOTES, name: 'other' })],
  ['an index of no field', layoutText({ ...NOTES, indexes: [[9]] })],
  ['a type that there is not', layoutText(NOTES).replace('"texts"', '"lists"')],
  ['no version', layoutText(NOTES).replace('"schemaVersion":2', '"schemaVersion":"2"')],
])('a damaged layout is none: %s', (_, text) => {
  expect(parseLayout('notes', text)).toBeUndefined()
})
