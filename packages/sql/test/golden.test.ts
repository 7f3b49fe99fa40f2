/** The SQL of every statement, dialect by dialect, for a collection with all that a collection can have. */

import type { Layout, Predicate, Query } from '@coffer/core/backend'
import { describe, expect, test } from 'vitest'
import {
  countStatement,
  type Dialect,
  deleteRow,
  eraseHistory,
  findReferrer,
  insertHistory,
  insertRow,
  ownTables,
  queryParts,
  queryStatement,
  readRow,
  readState,
  readTenants,
  rebuildTable,
  reindexRow,
  schemaOf,
  sqliteDialect,
  sweptKeys,
  tableOf,
  updateRow,
  updateState,
} from '../src/index.ts'

/** A further dialect is one more line here; each test then shows its SQL beside the others'. */
const dialects: Readonly<Record<string, Dialect>> = { sqlite: sqliteDialect }

const history: Layout = {
  name: 'notes__history',
  fields: [
    { name: 'key', type: 'text', nullable: false },
    { name: 'version_of_key', type: 'integer', nullable: false },
  ],
  indexes: [[0, 1]],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

const notes: Layout = {
  name: 'notes',
  fields: [
    { name: 'author', type: 'text', nullable: false },
    { name: 'score', type: 'number', nullable: true },
    { name: 'done', type: 'boolean', nullable: true },
    { name: 'at', type: 'timestamp', nullable: false },
    { name: 'tags', type: 'texts', nullable: false },
  ],
  indexes: [[0, 3], [1], [4]],
  documentColumns: ['title', 'author', 'not a word'],
  appendOnly: false,
  history,
  schemaVersion: 2,
}

const audit: Layout = {
  ...notes,
  name: 'audit',
  fields: [],
  indexes: [],
  documentColumns: [],
  appendOnly: true,
}

const query: Query = {
  tenant: 'acme',
  where: undefined,
  order: [{ field: -1, direction: 'asc' }],
  after: undefined,
  offset: 0,
  limit: 10,
  visibility: 'live',
  withFields: false,
}

function everyDialect(make: (dialect: Dialect) => string): string {
  return Object.entries(dialects)
    .map(([name, dialect]) => `-- ${name}\n${make(dialect)}`)
    .join('\n')
}

function schemaText(layout: Layout): string {
  return everyDialect((dialect) => {
    const { table, around, guards } = schemaOf(tableOf(dialect, layout))
    return [table, ...around, ...guards].map((object) => object.create).join('\n')
  })
}

function pageText(change: Partial<Query>): string {
  return everyDialect((dialect) => queryStatement(tableOf(dialect, notes), { ...query, ...change }, 5).text)
}

function conditionText(where: Predicate): string {
  return everyDialect((dialect) => {
    const { text } = countStatement(tableOf(dialect, notes), { tenant: 'acme', where, visibility: 'any' }, 5)
    return text.replace(/^.*?WHERE .*? AND /, '')
  })
}

describe('schemas', () => {
  test('a collection is a table with its indexes, the tables of its texts and their triggers', () => {
    expect(schemaText(notes)).toMatchInlineSnapshot(`
      "-- sqlite
      CREATE TABLE "notes" (
        "author" TEXT NOT NULL,
        "score" REAL,
        "done" INTEGER CHECK ("done" IN (0, 1)),
        "at" INTEGER NOT NULL,
        "tags" TEXT NOT NULL,
        "_tenant" TEXT NOT NULL,
        "_id" TEXT NOT NULL,
        "_version" INTEGER NOT NULL,
        "_schema_version" INTEGER NOT NULL,
        "_created_at" INTEGER NOT NULL,
        "_updated_at" INTEGER NOT NULL,
        "_expires_at" INTEGER,
        "_deleted_at" INTEGER,
        "_hash" TEXT,
        "_doc" TEXT NOT NULL,
        "title" ANY GENERATED ALWAYS AS (json_extract("_doc", '$.title')) VIRTUAL,
        PRIMARY KEY ("_tenant", "_id")
      ) STRICT
      CREATE INDEX "notes$$author$at" ON "notes" ("_tenant", "author", "at", "_id")
      CREATE INDEX "notes$$score" ON "notes" ("_tenant", "score", "_id")
      CREATE INDEX "notes$$_expires_at" ON "notes" ("_expires_at", "_tenant") WHERE "_expires_at" IS NOT NULL
      CREATE INDEX "notes$$_deleted_at" ON "notes" ("_deleted_at", "_tenant") WHERE "_deleted_at" IS NOT NULL
      CREATE TABLE "notes$tags" (
        "_tenant" TEXT NOT NULL,
        "value" TEXT NOT NULL,
        "_id" TEXT NOT NULL,
        PRIMARY KEY ("_tenant", "value", "_id")
      ) STRICT, WITHOUT ROWID
      CREATE TRIGGER "notes$$$texts$tags$insert" AFTER INSERT ON "notes" BEGIN INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
      CREATE TRIGGER "notes$$$texts$tags$update" AFTER UPDATE OF "tags" ON "notes" WHEN OLD."tags" IS NOT NEW."tags" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
      CREATE TRIGGER "notes$$$texts$tags$delete" AFTER DELETE ON "notes" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); END"
    `)
  })
  test('an append-only collection has triggers that refuse', () => {
    expect(schemaText(audit)).toMatchInlineSnapshot(`
      "-- sqlite
      CREATE TABLE "audit" (
        "_tenant" TEXT NOT NULL,
        "_id" TEXT NOT NULL,
        "_version" INTEGER NOT NULL,
        "_schema_version" INTEGER NOT NULL,
        "_created_at" INTEGER NOT NULL,
        "_updated_at" INTEGER NOT NULL,
        "_expires_at" INTEGER,
        "_deleted_at" INTEGER,
        "_hash" TEXT,
        "_doc" TEXT NOT NULL,
        PRIMARY KEY ("_tenant", "_id")
      ) STRICT
      CREATE INDEX "audit$$_expires_at" ON "audit" ("_expires_at", "_tenant") WHERE "_expires_at" IS NOT NULL
      CREATE INDEX "audit$$_deleted_at" ON "audit" ("_deleted_at", "_tenant") WHERE "_deleted_at" IS NOT NULL
      CREATE TRIGGER "audit$$$append$update" BEFORE UPDATE ON "audit" BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
      CREATE TRIGGER "audit$$$append$delete" BEFORE DELETE ON "audit" BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
      CREATE TRIGGER "audit$$$append$insert" BEFORE INSERT ON "audit" WHEN EXISTS (SELECT 1 FROM "audit" WHERE "_tenant" = NEW."_tenant" AND "_id" = NEW."_id") OR EXISTS (SELECT 1 FROM "audit" WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END"
    `)
  })
  test('a table is made again with the columns that it had and neutral values for new ones', () => {
    const before = { ...notes, fields: notes.fields.slice(0, 2) }
    const text = everyDialect((dialect) => rebuildTable(tableOf(dialect, notes), before).slice(1).join('\n'))
    expect(text).toMatchInlineSnapshot(`
      "-- sqlite
      INSERT INTO "notes$$$new" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") SELECT coalesce("author", ''), "score", NULL, 0, '[]', "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes"
      DROP TABLE "notes"
      ALTER TABLE "notes$$$new" RENAME TO "notes""
    `)
  })
  test("Coffer's own tables", () => {
    const text = everyDialect((dialect) =>
      ownTables(dialect, 'p')
        .objects.map((object) => object.create)
        .join('\n'),
    )
    expect(text).toMatchInlineSnapshot(`
      "-- sqlite
      CREATE TABLE "p_coffer_meta" (
        key TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (key)
      ) STRICT
      CREATE TABLE "p_coffer_layouts" (
        name TEXT NOT NULL,
        layout TEXT NOT NULL,
        reindexed INTEGER NOT NULL CHECK (reindexed IN (0, 1)),
        PRIMARY KEY (name)
      ) STRICT
      CREATE TABLE "p_coffer_floors" (
        layout TEXT NOT NULL,
        tenant TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (layout, tenant)
      ) STRICT"
    `)
  })
})

describe('rows', () => {
  const statements = {
    readRow,
    readState,
    readTenants,
    insertRow,
    updateRow,
    updateState,
    reindexRow,
    deleteRow,
    insertHistory: (table: ReturnType<typeof tableOf>) =>
      insertHistory(table, tableOf(table.dialect, history)),
    eraseHistory: (table: ReturnType<typeof tableOf>) => eraseHistory(tableOf(table.dialect, history)),
    findReferrer: (table: ReturnType<typeof tableOf>) => findReferrer(table, 0),
    sweepExpired: (table: ReturnType<typeof tableOf>) => sweptKeys(table, '_expires_at', false),
    sweepDeletedOfTenant: (table: ReturnType<typeof tableOf>) => sweptKeys(table, '_deleted_at', true),
  }
  test('each statement has one text', () => {
    const text = Object.entries(statements)
      .map(([name, make]) => `${name}\n${everyDialect((dialect) => make(tableOf(dialect, notes)).text)}`)
      .join('\n')
    expect(text).toMatchInlineSnapshot(`
      "readRow
      -- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
      readState
      -- sqlite
      SELECT "_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at" FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
      readTenants
      -- sqlite
      WITH RECURSIVE tenants (tenant) AS (SELECT min("_tenant") FROM "notes" UNION ALL SELECT (SELECT min("_tenant") FROM "notes" WHERE "_tenant" > tenants.tenant) FROM tenants WHERE tenants.tenant IS NOT NULL) SELECT tenant FROM tenants WHERE tenant IS NOT NULL
      insertRow
      -- sqlite
      INSERT INTO "notes" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT ("_tenant", "_id") DO NOTHING
      updateRow
      -- sqlite
      UPDATE "notes" SET "author" = ?, "score" = ?, "done" = ?, "at" = ?, "tags" = ?, "_version" = ?, "_schema_version" = ?, "_created_at" = ?, "_updated_at" = ?, "_expires_at" = ?, "_deleted_at" = ?, "_hash" = ?, "_doc" = ? WHERE "_tenant" = ? AND "_id" = ?
      updateState
      -- sqlite
      UPDATE "notes" SET "_version" = ?, "_updated_at" = ?, "_deleted_at" = ? WHERE "_tenant" = ? AND "_id" = ?
      reindexRow
      -- sqlite
      UPDATE "notes" SET "author" = ?, "score" = ?, "done" = ?, "at" = ?, "tags" = ?, "_schema_version" = ?, "_hash" = ?, "_doc" = ? WHERE "_tenant" = ? AND "_id" = ? AND "_version" = ?
      deleteRow
      -- sqlite
      DELETE FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
      insertHistory
      -- sqlite
      INSERT INTO "notes__history" ("key", "version_of_key", "_tenant", "_id", "_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_schema_version", "_doc") SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "_schema_version", "_doc" FROM "notes" WHERE "_tenant" = ? AND "_id" = ?
      eraseHistory
      -- sqlite
      DELETE FROM "notes__history" WHERE "_tenant" = ? AND "key" = ?
      findReferrer
      -- sqlite
      SELECT 1 FROM "notes" WHERE "_tenant" = ? AND "author" = ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) LIMIT 1
      sweepExpired
      -- sqlite
      SELECT "_tenant", "_id", "_version" FROM "notes" WHERE "_expires_at" IS NOT NULL AND "_expires_at" <= ? ORDER BY "_expires_at" LIMIT ?
      sweepDeletedOfTenant
      -- sqlite
      SELECT "_tenant", "_id", "_version" FROM "notes" WHERE +"_tenant" = ? AND "_deleted_at" IS NOT NULL AND "_deleted_at" <= ? ORDER BY "_deleted_at" LIMIT ?"
    `)
  })
  test('parameters stand in the order of their placeholders', () => {
    const table = tableOf(sqliteDialect, notes)
    const state = { version: 7, createdAt: 1, updatedAt: 2, expiresAt: null, deletedAt: 3 }
    const row = { tenant: 't', id: 'i', document: '{}', fields: ['a', null, true, 9, ['x']], hash: 'h' }
    expect(insertRow(table).parameters(row, state)).toMatchInlineSnapshot(`
      [
        "a",
        null,
        1,
        9,
        "["x"]",
        "t",
        "i",
        7,
        2,
        1,
        2,
        null,
        3,
        "h",
        "{}",
      ]
    `)
    expect(updateRow(table).parameters(row, state)).toMatchInlineSnapshot(`
      [
        "a",
        null,
        1,
        9,
        "["x"]",
        7,
        2,
        1,
        2,
        null,
        3,
        "h",
        "{}",
        "t",
        "i",
      ]
    `)
  })
})

describe('pages', () => {
  test('the first page by id', () => {
    expect(pageText({})).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes" WHERE "_tenant" = ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "_id" ASC LIMIT ?"
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
      SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "at" FROM "notes" WHERE "_tenant" = ? AND ("author", "at", "_id") < (?, ?, ?) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "author" DESC, "at" DESC, "_id" DESC LIMIT ?"
    `)
  })
  test('a later page in descending order goes on with the nulls', () => {
    const order = [
      { field: 1, direction: 'desc' },
      { field: -1, direction: 'desc' },
    ] as const
    expect(pageText({ order, after: { values: [4], id: 'i' } })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT * FROM (SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND ("score", "_id") < (?, ?) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" DESC, "_id" DESC LIMIT ?) UNION ALL SELECT * FROM (SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND "score" IS NULL AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" DESC, "_id" DESC LIMIT ?) LIMIT ?"
    `)
  })
  test('a page behind a null in ascending order goes on with the values', () => {
    const order = [
      { field: 1, direction: 'asc' },
      { field: -1, direction: 'asc' },
    ] as const
    expect(pageText({ order, after: { values: [null], id: 'i' }, offset: 3 })).toMatchInlineSnapshot(`
      "-- sqlite
      SELECT * FROM (SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND "score" IS NULL AND "_id" > ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" ASC, "_id" ASC LIMIT ?) UNION ALL SELECT * FROM (SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "score" FROM "notes" WHERE "_tenant" = ? AND "score" IS NOT NULL AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" ASC, "_id" ASC LIMIT ?) LIMIT ? OFFSET ?"
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
      SELECT * FROM (SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "at" FROM "notes" WHERE "_tenant" = ? AND "author" = ? AND ("at", "_id") < (?, ?) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "author" ASC, "at" DESC, "_id" DESC LIMIT ?) UNION ALL SELECT * FROM (SELECT "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc", "author", "at" FROM "notes" WHERE "_tenant" = ? AND "author" > ? AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "author" ASC, "at" DESC, "_id" DESC LIMIT ?) LIMIT ?"
    `)
  })
})

test('a page in parts asks each segment alone, for the rows still wanted', () => {
  const order = [
    { field: 1, direction: 'desc' },
    { field: -1, direction: 'desc' },
  ] as const
  const behind = { ...query, order, after: { values: [4], id: 'i' } }
  const parts = queryParts(tableOf(sqliteDialect, notes), behind, 5)
  expect(parts.map((part) => part(7).parameters)).toEqual([
    ['acme', 4, 'i', 5, 7],
    ['acme', 5, 7],
  ])
  expect(parts.map((part) => part(7).text.replace(/^.* WHERE /, ''))).toMatchInlineSnapshot(`
    [
      ""_tenant" = ? AND ("score", "_id") < (?, ?) AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" DESC, "_id" DESC LIMIT ?",
      ""_tenant" = ? AND "score" IS NULL AND "_deleted_at" IS NULL AND ("_expires_at" IS NULL OR "_expires_at" > ?) ORDER BY "score" DESC, "_id" DESC LIMIT ?",
    ]
  `)
  expect(queryParts(tableOf(sqliteDialect, notes), { ...behind, offset: 1 }, 5)).toHaveLength(1)
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
      (("score" = ?) AND ("score" <> ?) AND ("score" > ?) AND ("score" >= ?) AND ("score" < ?) AND ("score" <= ?))"
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
      NOT (("author" > ?) OR ("score" IS NOT NULL AND "score" > ?) OR ("score" IS NULL))"
    `)
  })
  test('lists are one parameter', () => {
    expect(conditionText({ type: 'in', field: 0, values: ['a', 'b'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("author" IN (SELECT value FROM json_each(?)))"
    `)
    expect(conditionText({ type: 'in', field: 0, values: ['a'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("author" = ?)"
    `)
  })
  test('a prefix is a range', () => {
    expect(conditionText({ type: 'prefix', field: 0, prefix: 'a%' })).toMatchInlineSnapshot(`
      "-- sqlite
      ("author" >= ? AND "author" < ?)"
    `)
  })
  test('texts are asked in the table beside', () => {
    expect(conditionText({ type: 'hasAll', field: 4, values: ['a'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("_id" IN (SELECT "_id" FROM "notes$tags" WHERE "_tenant" = ? AND "value" = ?))"
    `)
    expect(conditionText({ type: 'hasAll', field: 4, values: ['a', 'b', 'a'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("_id" IN (SELECT "_id" FROM "notes$tags" WHERE "_tenant" = ? AND "value" IN (SELECT value FROM json_each(?)) GROUP BY "_id" HAVING count(*) = ?))"
    `)
    expect(conditionText({ type: 'hasAny', field: 4, values: ['a', 'b'] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("_id" IN (SELECT "_id" FROM "notes$tags" WHERE "_tenant" = ? AND "value" IN (SELECT value FROM json_each(?))))"
    `)
  })
  test('nothing to be true of is true, nothing to choose from is false', () => {
    expect(conditionText({ type: 'and', terms: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      1"
    `)
    expect(conditionText({ type: 'or', terms: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      0"
    `)
    expect(conditionText({ type: 'hasAll', field: 4, values: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      ("tags" IS NOT NULL)"
    `)
    expect(conditionText({ type: 'hasAny', field: 4, values: [] })).toMatchInlineSnapshot(`
      "-- sqlite
      (0)"
    `)
  })
})
