/** The SQL that reads and changes single rows, and Coffer's own tables, dialect by dialect. */

import { expect, test } from 'vitest'
import {
  countStates,
  deleteRow,
  eraseHistory,
  findReferrer,
  insertHistory,
  insertRow,
  type OwnTables,
  ownTables,
  type Parameter,
  readRow,
  readState,
  readTenants,
  reindexRow,
  sweptKeys,
  type Table,
  tableOf,
  updateRow,
  updateState,
} from '../src/index.ts'
import { DIALECTS, everyDialect, HISTORY_OF_NOTES } from './dialects.ts'

type Statements = Readonly<Record<string, (table: Table) => { readonly text: string }>>

const READING: Statements = {
  readRow,
  readState,
  readTenants,
  findReferrer: (table) => findReferrer(table, 0),
  countStates: (table) => countStates(table, undefined),
  countSomeStates: (table) => countStates(table, 10),
  sweepExpired: (table) => sweptKeys(table, '_expires_at', false),
  sweepDeletedOfTenant: (table) => sweptKeys(table, '_deleted_at', true),
}

const WRITING: Statements = {
  insertRow,
  updateRow,
  updateState,
  reindexRow,
  deleteRow,
  insertHistory: (table) => insertHistory(table, tableOf(table.dialect, HISTORY_OF_NOTES)),
  eraseHistory: (table) => eraseHistory(tableOf(table.dialect, HISTORY_OF_NOTES)),
}

function statementTexts(statements: Statements): string {
  return Object.entries(statements)
    .map(([name, make]) => `${name}\n${everyDialect((table) => make(table).text)}`)
    .join('\n')
}

test('each statement that reads rows has one text', () => {
  expect(statementTexts(READING)).toMatchInlineSnapshot(`
    "readRow
    -- sqlite
    SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
    -- postgresql
    SELECT "_id", "_version", "_schema_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_", "_hash", "_doc"::text AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "_id" = $2
    readState
    -- sqlite
    SELECT "_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at" FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
    -- postgresql
    SELECT "_version", (extract(epoch FROM "_created_at") * 1000)::bigint AS "_", (extract(epoch FROM "_updated_at") * 1000)::bigint AS "_", (extract(epoch FROM "_expires_at") * 1000)::bigint AS "_", (extract(epoch FROM "_deleted_at") * 1000)::bigint AS "_" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "_id" = $2
    readTenants
    -- sqlite
    WITH RECURSIVE tenants (tenant) AS (SELECT min("_tenant") FROM "notes" UNION ALL SELECT (SELECT min("_tenant") FROM "notes" WHERE "_tenant" > tenants.tenant) FROM tenants WHERE tenants.tenant IS NOT NULL) SELECT tenant FROM tenants WHERE tenant IS NOT NULL
    -- postgresql
    WITH RECURSIVE tenants (tenant) AS (SELECT min("_tenant") FROM "coffer"."notes" UNION ALL SELECT (SELECT min("_tenant") FROM "coffer"."notes" WHERE "_tenant" > tenants.tenant) FROM tenants WHERE tenants.tenant IS NOT NULL) SELECT tenant FROM tenants WHERE tenant IS NOT NULL
    findReferrer
    -- sqlite
    SELECT 1 FROM "notes" WHERE "_tenant" = ? AND "author" = ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) LIMIT 1
    -- postgresql
    SELECT 1 FROM "coffer"."notes" WHERE "_tenant" = $1 AND "author" = $2 AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > $3) LIMIT 1
    countStates
    -- sqlite
    SELECT (SELECT count(*) FROM (SELECT 1 FROM "notes" WHERE "_expires_at" IS NOT NULL AND "_expires_at" <= ?) AS found), (SELECT count(*) FROM (SELECT 1 FROM "notes" WHERE "_deleted_at" IS NOT NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?)) AS found)
    -- postgresql
    SELECT (SELECT count(*) FROM (SELECT 1 FROM "coffer"."notes" WHERE "_expires_at" IS NOT NULL AND "_expires_at" <= $1) AS found), (SELECT count(*) FROM (SELECT 1 FROM "coffer"."notes" WHERE "_deleted_at" IS NOT NULL AND ("_expires_at" IS NULL OR "_expires_at" > $2)) AS found)
    countSomeStates
    -- sqlite
    SELECT (SELECT count(*) FROM (SELECT 1 FROM "notes" WHERE "_expires_at" IS NOT NULL AND "_expires_at" <= ? ORDER BY "_expires_at" LIMIT 10) AS found), (SELECT count(*) FROM (SELECT 1 FROM "notes" WHERE "_deleted_at" IS NOT NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "_deleted_at" LIMIT 10) AS found)
    -- postgresql
    SELECT (SELECT count(*) FROM (SELECT 1 FROM "coffer"."notes" WHERE "_expires_at" IS NOT NULL AND "_expires_at" <= $1 ORDER BY "_expires_at" LIMIT 10) AS found), (SELECT count(*) FROM (SELECT 1 FROM "coffer"."notes" WHERE "_deleted_at" IS NOT NULL AND ("_expires_at" IS NULL OR "_expires_at" > $2) ORDER BY "_deleted_at" LIMIT 10) AS found)
    sweepExpired
    -- sqlite
    SELECT "_tenant", "_id", "_version" FROM "notes" WHERE "_expires_at" IS NOT NULL AND "_expires_at" <= ? ORDER BY "_expires_at" LIMIT ?
    -- postgresql
    SELECT "_tenant", "_id", "_version" FROM "coffer"."notes" WHERE "_expires_at" IS NOT NULL AND "_expires_at" <= $1 ORDER BY "_expires_at" LIMIT $2
    sweepDeletedOfTenant
    -- sqlite
    SELECT "_tenant", "_id", "_version" FROM "notes" WHERE +"_tenant" = ? AND "_deleted_at" IS NOT NULL AND "_deleted_at" <= ? ORDER BY "_deleted_at" LIMIT ?
    -- postgresql
    SELECT "_tenant", "_id", "_version" FROM "coffer"."notes" WHERE "_tenant" = $1 AND "_deleted_at" IS NOT NULL AND "_deleted_at" <= $2 ORDER BY "_deleted_at" LIMIT $3"
  `)
})

test('each statement that changes rows has one text', () => {
  expect(statementTexts(WRITING)).toMatchInlineSnapshot(`
    "insertRow
    -- sqlite
    INSERT INTO "notes" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT ("_tenant", "_id") DO NOTHING
    -- postgresql
    INSERT INTO "coffer"."notes" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT ("_tenant", "_id") DO NOTHING
    updateRow
    -- sqlite
    UPDATE "notes" SET "author" = ?, "score" = ?, "done" = ?, "at" = ?, "tags" = ?, "_version" = ?, "_schema_version" = ?, "_created_at" = ?, "_updated_at" = ?, "_expires_at" = ?, "_deleted_at" = ?, "_hash" = ?, "_doc" = ? WHERE "_tenant" = ? AND "_id" = ?
    -- postgresql
    UPDATE "coffer"."notes" SET "author" = $1, "score" = $2, "done" = $3, "at" = $4, "tags" = $5, "_version" = $6, "_schema_version" = $7, "_created_at" = $8, "_updated_at" = $9, "_expires_at" = $10, "_deleted_at" = $11, "_hash" = $12, "_doc" = $13 WHERE "_tenant" = $14 AND "_id" = $15
    updateState
    -- sqlite
    UPDATE "notes" SET "_version" = ?, "_updated_at" = ?, "_deleted_at" = ? WHERE "_tenant" = ? AND "_id" = ?
    -- postgresql
    UPDATE "coffer"."notes" SET "_version" = $1, "_updated_at" = $2, "_deleted_at" = $3 WHERE "_tenant" = $4 AND "_id" = $5
    reindexRow
    -- sqlite
    UPDATE "notes" SET "author" = ?, "score" = ?, "done" = ?, "at" = ?, "tags" = ?, "_schema_version" = ?, "_hash" = ?, "_doc" = ? WHERE "_tenant" = ? AND "_id" = ? AND "_version" = ?
    -- postgresql
    UPDATE "coffer"."notes" SET "author" = $1, "score" = $2, "done" = $3, "at" = $4, "tags" = $5, "_schema_version" = $6, "_hash" = $7, "_doc" = $8 WHERE "_tenant" = $9 AND "_id" = $10 AND "_version" = $11
    deleteRow
    -- sqlite
    DELETE FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
    -- postgresql
    DELETE FROM "coffer"."notes" WHERE "_tenant" = $1 AND "_id" = $2
    insertHistory
    -- sqlite
    INSERT INTO "notes__history" ("key", "version_of_key", "_tenant", "_id", "_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_schema_version", "_doc") SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "_schema_version", "_doc" FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
    -- postgresql
    INSERT INTO "coffer"."notes__history" ("key", "version_of_key", "_tenant", "_id", "_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_schema_version", "_doc") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "_schema_version", "_doc" FROM "coffer"."notes" WHERE "_tenant" = $11 AND "_id" = $12
    eraseHistory
    -- sqlite
    DELETE FROM "notes__history" WHERE "_tenant" = ? AND "key" = ?
    -- postgresql
    DELETE FROM "coffer"."notes__history" WHERE "_tenant" = $1 AND "key" = $2"
  `)
})

const OWN = [
  'readFormat',
  'writeFormat',
  'readLayouts',
  'writeLayout',
  'finishReindex',
  'readFloor',
  'raiseFloor',
  'readFloors',
  'clearLayouts',
  'clearFloors',
] as const satisfies readonly (keyof OwnTables)[]

test("each statement on Coffer's own tables has one text", () => {
  const text = everyDialect(({ dialect }) => {
    const own = ownTables(dialect, '')
    return OWN.map((name) => own[name].text).join('\n')
  })
  expect(text).toMatchInlineSnapshot(`
    "-- sqlite
    SELECT version FROM "_coffer_meta" WHERE key = 'format'
    INSERT INTO "_coffer_meta" (key, version) VALUES ('format', ?)
    SELECT name, layout, reindexed FROM "_coffer_layouts"
    INSERT INTO "_coffer_layouts" (name, layout, reindexed) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET layout = excluded.layout, reindexed = excluded.reindexed
    UPDATE "_coffer_layouts" SET reindexed = 1 WHERE name = ? AND layout = ?
    SELECT version FROM "_coffer_floors" WHERE layout = ? AND tenant = ?
    INSERT INTO "_coffer_floors" AS floor (layout, tenant, version) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM "_coffer_floors" WHERE layout = ? AND tenant = ? AND version >= ?) ON CONFLICT (layout, tenant) DO UPDATE SET version = excluded.version WHERE floor.version < excluded.version
    SELECT tenant, version FROM "_coffer_floors" WHERE layout = ? AND tenant > ? AND version > 0 ORDER BY tenant LIMIT ?
    DELETE FROM "_coffer_layouts"
    DELETE FROM "_coffer_floors"
    -- postgresql
    SELECT version FROM "coffer"."_coffer_meta" WHERE key = 'format'
    INSERT INTO "coffer"."_coffer_meta" (key, version) VALUES ('format', $1)
    SELECT name, layout, reindexed FROM "coffer"."_coffer_layouts"
    INSERT INTO "coffer"."_coffer_layouts" (name, layout, reindexed) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET layout = excluded.layout, reindexed = excluded.reindexed
    UPDATE "coffer"."_coffer_layouts" SET reindexed = TRUE WHERE name = $1 AND layout = $2
    SELECT version FROM "coffer"."_coffer_floors" WHERE layout = $1 AND tenant = $2
    INSERT INTO "coffer"."_coffer_floors" AS floor (layout, tenant, version) SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM "coffer"."_coffer_floors" WHERE layout = $4 AND tenant = $5 AND version >= $6) ON CONFLICT (layout, tenant) DO UPDATE SET version = excluded.version WHERE floor.version < excluded.version
    SELECT tenant, version FROM "coffer"."_coffer_floors" WHERE layout = $1 AND tenant > $2 AND version > 0 ORDER BY tenant LIMIT $3
    DELETE FROM "coffer"."_coffer_layouts"
    DELETE FROM "coffer"."_coffer_floors""
  `)
})

test('parameters stand in the order of their placeholders', () => {
  const state = { version: 7, createdAt: 1, updatedAt: 2, expiresAt: null, deletedAt: 3 }
  const row = { tenant: 't', id: 'i', document: '{}', fields: ['a', null, true, 9, ['x']], hash: 'h' }
  const rewritten = { ...row, version: 7 }
  const shown = (make: (table: Table) => readonly Parameter[]) =>
    everyDialect((table) => JSON.stringify(make(table)))
  expect(shown((table) => insertRow(table).parameters(row, state))).toMatchInlineSnapshot(`
    "-- sqlite
    ["a",null,1,9,"[\\"x\\"]","t","i",7,2,1,2,null,3,"h","{}"]
    -- postgresql
    ["a",null,true,"1970-01-01T00:00:00.009Z",["x"],"t","i",7,2,"1970-01-01T00:00:00.001Z","1970-01-01T00:00:00.002Z",null,"1970-01-01T00:00:00.003Z","h","{}"]"
  `)
  expect(shown((table) => updateRow(table).parameters(row, state))).toMatchInlineSnapshot(`
    "-- sqlite
    ["a",null,1,9,"[\\"x\\"]",7,2,1,2,null,3,"h","{}","t","i"]
    -- postgresql
    ["a",null,true,"1970-01-01T00:00:00.009Z",["x"],7,2,"1970-01-01T00:00:00.001Z","1970-01-01T00:00:00.002Z",null,"1970-01-01T00:00:00.003Z","h","{}","t","i"]"
  `)
  expect(shown((table) => updateState(table).parameters(row, state))).toMatchInlineSnapshot(`
    "-- sqlite
    [7,2,3,"t","i"]
    -- postgresql
    [7,"1970-01-01T00:00:00.002Z","1970-01-01T00:00:00.003Z","t","i"]"
  `)
  expect(shown((table) => reindexRow(table).parameters(rewritten))).toMatchInlineSnapshot(`
    "-- sqlite
    ["a",null,1,9,"[\\"x\\"]",2,"h","{}","t","i",7]
    -- postgresql
    ["a",null,true,"1970-01-01T00:00:00.009Z",["x"],2,"h","{}","t","i",7]"
  `)
  expect(shown((table) => findReferrer(table, 0).parameters('t', 'i', 5))).toMatchInlineSnapshot(`
    "-- sqlite
    ["t","i",5]
    -- postgresql
    ["t","i","1970-01-01T00:00:00.005Z"]"
  `)
  expect(
    shown((table) => sweptKeys(table, '_deleted_at', true).parameters('t', 5, 9)),
  ).toMatchInlineSnapshot(`
    "-- sqlite
    ["t",5,9]
    -- postgresql
    ["t","1970-01-01T00:00:00.005Z",9]"
  `)
  expect(
    shown(({ dialect }) => ownTables(dialect, '').raiseFloor.parameters('notes', 't', 4)),
  ).toMatchInlineSnapshot(`
    "-- sqlite
    ["notes","t",4,"notes","t",4]
    -- postgresql
    ["notes","t",4,"notes","t",4]"
  `)
})

test.each(Object.keys(DIALECTS))('%s writes instants of the first years and before 1970', (name) => {
  const encode = DIALECTS[name]?.encode.timestamp
  expect([-62_135_596_800_000, -1].map((at) => encode?.(at))).toEqual(
    name === 'sqlite' ? [-62_135_596_800_000, -1] : ['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z'],
  )
})
