/** The SQL that changes a table into another form, dialect by dialect. */

import type { Layout } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { tableOf } from '../src/index.ts'
import { AUDIT, DIALECTS, everyDialect, HISTORY_OF_NOTES, NOTES } from './dialects.ts'

function changeText(before: Partial<Layout>, layout = NOTES): string {
  return everyDialect(
    (table) =>
      table.dialect.schema.change(table, tableOf(table.dialect, { ...layout, ...before })).join('\n'),
    layout,
  )
}

test('new fields are there with neutral values', () => {
  expect(changeText({ fields: NOTES.fields.slice(0, 2), indexes: [[1]] })).toMatchInlineSnapshot(`
    "-- sqlite
    ALTER TABLE "notes" ADD COLUMN "done" INTEGER CHECK ("done" IN (0, 1))
    ALTER TABLE "notes" ADD COLUMN "at" INTEGER NOT NULL DEFAULT 0
    ALTER TABLE "notes" ADD COLUMN "tags" TEXT NOT NULL DEFAULT '[]'
    CREATE INDEX "notes$$author$at" ON "notes" ("_tenant", "author", "at", "_id")
    CREATE TABLE "notes$tags" (
      "_tenant" TEXT NOT NULL,
      "value" TEXT NOT NULL,
      "_id" TEXT NOT NULL,
      PRIMARY KEY ("_tenant", "value", "_id")
    ) STRICT, WITHOUT ROWID
    INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT "_tenant", value, "_id" FROM "notes", json_each("notes"."tags")
    CREATE TRIGGER "notes$$$texts$tags$insert" AFTER INSERT ON "notes" WHEN NEW."tags" <> '[]' BEGIN INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$update" AFTER UPDATE OF "tags" ON "notes" WHEN OLD."tags" IS NOT NEW."tags" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$delete" AFTER DELETE ON "notes" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); END
    -- postgresql
    ALTER TABLE "coffer"."notes" ADD COLUMN "done" boolean, ADD COLUMN "at" timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z', ADD COLUMN "tags" text[] COLLATE "C" NOT NULL DEFAULT '{}'
    CREATE INDEX "notes$$author$at" ON "coffer"."notes" ("_tenant", "author", "at", "_id")
    CREATE INDEX "notes$$tags" ON "coffer"."notes" USING gin ("tags")"
  `)
})

test('a member of the document is shown beside the others', () => {
  expect(changeText({ documentColumns: ['author'] })).toMatchInlineSnapshot(`
    "-- sqlite
    ALTER TABLE "notes" ADD COLUMN "title" ANY GENERATED ALWAYS AS (json_extract("_doc", '$.title')) VIRTUAL
    -- postgresql
    "
  `)
})

test('the order of fields means nothing', () => {
  const [first, ...others] = HISTORY_OF_NOTES.fields
  expect(
    changeText({ fields: [...others, ...(first ? [first] : [])], indexes: [[1, 0]] }, HISTORY_OF_NOTES),
  ).toMatchInlineSnapshot(`
    "-- sqlite

    -- postgresql
    "
  `)
})

test('a field of another type begins anew, with its index', () => {
  const fields = NOTES.fields.map((field) =>
    field.name === 'score' ? { ...field, type: 'text' as const } : field,
  )
  expect(changeText({ fields })).toMatchInlineSnapshot(`
    "-- sqlite
    DROP TRIGGER IF EXISTS "notes$$$texts$tags$delete"
    DROP TRIGGER IF EXISTS "notes$$$texts$tags$update"
    DROP TRIGGER IF EXISTS "notes$$$texts$tags$insert"
    DROP TABLE IF EXISTS "notes$tags"
    DROP INDEX IF EXISTS "notes$$_deleted_at"
    DROP INDEX IF EXISTS "notes$$_expires_at"
    DROP INDEX IF EXISTS "notes$$score"
    DROP INDEX IF EXISTS "notes$$author$at"
    CREATE TABLE "notes$$$new" (
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
    INSERT INTO "notes$$$new" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") SELECT coalesce("author", ''), NULL, "done", coalesce("at", 0), coalesce("tags", '[]'), "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes"
    DROP TABLE "notes"
    ALTER TABLE "notes$$$new" RENAME TO "notes"
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
    INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT "_tenant", value, "_id" FROM "notes", json_each("notes"."tags")
    CREATE TRIGGER "notes$$$texts$tags$insert" AFTER INSERT ON "notes" WHEN NEW."tags" <> '[]' BEGIN INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$update" AFTER UPDATE OF "tags" ON "notes" WHEN OLD."tags" IS NOT NEW."tags" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$delete" AFTER DELETE ON "notes" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); END
    -- postgresql
    DROP INDEX IF EXISTS "coffer"."notes$$score"
    ALTER TABLE "coffer"."notes" DROP COLUMN "score", ADD COLUMN "score" double precision
    CREATE INDEX "notes$$score" ON "coffer"."notes" ("_tenant", "score" NULLS FIRST, "_id")"
  `)
})

test('fields become required or optional', () => {
  const fields = NOTES.fields.map((field) => ({ ...field, nullable: !field.nullable }))
  expect(changeText({ fields, indexes: [] }, { ...NOTES, indexes: [] })).toMatchInlineSnapshot(`
    "-- sqlite
    DROP TRIGGER IF EXISTS "notes$$$texts$tags$delete"
    DROP TRIGGER IF EXISTS "notes$$$texts$tags$update"
    DROP TRIGGER IF EXISTS "notes$$$texts$tags$insert"
    DROP TABLE IF EXISTS "notes$tags"
    DROP INDEX IF EXISTS "notes$$_deleted_at"
    DROP INDEX IF EXISTS "notes$$_expires_at"
    CREATE TABLE "notes$$$new" (
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
    INSERT INTO "notes$$$new" ("author", "score", "done", "at", "tags", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") SELECT coalesce("author", ''), "score", "done", coalesce("at", 0), coalesce("tags", '[]'), "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes"
    DROP TABLE "notes"
    ALTER TABLE "notes$$$new" RENAME TO "notes"
    CREATE INDEX "notes$$_expires_at" ON "notes" ("_expires_at", "_tenant") WHERE "_expires_at" IS NOT NULL
    CREATE INDEX "notes$$_deleted_at" ON "notes" ("_deleted_at", "_tenant") WHERE "_deleted_at" IS NOT NULL
    CREATE TABLE "notes$tags" (
      "_tenant" TEXT NOT NULL,
      "value" TEXT NOT NULL,
      "_id" TEXT NOT NULL,
      PRIMARY KEY ("_tenant", "value", "_id")
    ) STRICT, WITHOUT ROWID
    INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT "_tenant", value, "_id" FROM "notes", json_each("notes"."tags")
    CREATE TRIGGER "notes$$$texts$tags$insert" AFTER INSERT ON "notes" WHEN NEW."tags" <> '[]' BEGIN INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$update" AFTER UPDATE OF "tags" ON "notes" WHEN OLD."tags" IS NOT NEW."tags" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$delete" AFTER DELETE ON "notes" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); END
    -- postgresql
    UPDATE "coffer"."notes" SET "author" = '' WHERE "author" IS NULL
    UPDATE "coffer"."notes" SET "at" = '1970-01-01T00:00:00Z' WHERE "at" IS NULL
    UPDATE "coffer"."notes" SET "tags" = '{}' WHERE "tags" IS NULL
    ALTER TABLE "coffer"."notes" ALTER COLUMN "author" SET DEFAULT '', ALTER COLUMN "author" SET NOT NULL, ALTER COLUMN "at" SET DEFAULT '1970-01-01T00:00:00Z', ALTER COLUMN "at" SET NOT NULL, ALTER COLUMN "tags" SET DEFAULT '{}', ALTER COLUMN "tags" SET NOT NULL, ALTER COLUMN "score" DROP DEFAULT, ALTER COLUMN "score" DROP NOT NULL, ALTER COLUMN "done" DROP DEFAULT, ALTER COLUMN "done" DROP NOT NULL"
  `)
})

test('a field goes with its index', () => {
  const fields = [...HISTORY_OF_NOTES.fields, { name: 'old', type: 'texts', nullable: true } as const]
  expect(changeText({ fields, indexes: [[2], [0, 1]] }, HISTORY_OF_NOTES)).toMatchInlineSnapshot(`
    "-- sqlite
    DROP TRIGGER IF EXISTS "notes__history$$$texts$old$delete"
    DROP TRIGGER IF EXISTS "notes__history$$$texts$old$update"
    DROP TRIGGER IF EXISTS "notes__history$$$texts$old$insert"
    DROP TABLE IF EXISTS "notes__history$old"
    DROP INDEX IF EXISTS "notes__history$$_deleted_at"
    DROP INDEX IF EXISTS "notes__history$$_expires_at"
    DROP INDEX IF EXISTS "notes__history$$key$version_of_key"
    CREATE TABLE "notes__history$$$new" (
      "key" TEXT NOT NULL,
      "version_of_key" INTEGER NOT NULL,
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
    INSERT INTO "notes__history$$$new" ("key", "version_of_key", "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc") SELECT coalesce("key", ''), coalesce("version_of_key", 0), "_tenant", "_id", "_version", "_schema_version", "_created_at", "_updated_at", "_expires_at", "_deleted_at", "_hash", "_doc" FROM "notes__history"
    DROP TABLE "notes__history"
    ALTER TABLE "notes__history$$$new" RENAME TO "notes__history"
    CREATE INDEX "notes__history$$key$version_of_key" ON "notes__history" ("_tenant", "key", "version_of_key", "_id")
    CREATE INDEX "notes__history$$_expires_at" ON "notes__history" ("_expires_at", "_tenant") WHERE "_expires_at" IS NOT NULL
    CREATE INDEX "notes__history$$_deleted_at" ON "notes__history" ("_deleted_at", "_tenant") WHERE "_deleted_at" IS NOT NULL
    -- postgresql
    DROP INDEX IF EXISTS "coffer"."notes__history$$old"
    ALTER TABLE "coffer"."notes__history" DROP COLUMN "old""
  `)
})

test('an index alone leaves the table as it is', () => {
  expect(changeText({ indexes: [[1], [0], [4]] })).toMatchInlineSnapshot(`
    "-- sqlite
    DROP INDEX IF EXISTS "notes$$author"
    CREATE INDEX "notes$$author$at" ON "notes" ("_tenant", "author", "at", "_id")
    -- postgresql
    DROP INDEX IF EXISTS "coffer"."notes$$author"
    CREATE INDEX "notes$$author$at" ON "coffer"."notes" ("_tenant", "author", "at", "_id")"
  `)
})

test('a table becomes append-only', () => {
  expect(changeText({ appendOnly: false }, AUDIT)).toMatchInlineSnapshot(`
    "-- sqlite
    CREATE TRIGGER "audit$$$append$update" BEFORE UPDATE ON "audit" BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
    CREATE TRIGGER "audit$$$append$delete" BEFORE DELETE ON "audit" BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
    CREATE TRIGGER "audit$$$append$insert" BEFORE INSERT ON "audit" WHEN EXISTS (SELECT 1 FROM "audit" WHERE "_tenant" = NEW."_tenant" AND "_id" = NEW."_id") OR EXISTS (SELECT 1 FROM "audit" WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
    -- postgresql
    CREATE OR REPLACE FUNCTION "coffer"."_coffer_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'coffer: rows of this table may be added, never changed or removed' USING ERRCODE = '0A000'; END $$
    CREATE TRIGGER "audit$$$append$change" BEFORE UPDATE OR DELETE ON "coffer"."audit" FOR EACH ROW EXECUTE FUNCTION "coffer"."_coffer_refuse_change"()
    CREATE TRIGGER "audit$$$append$truncate" BEFORE TRUNCATE ON "coffer"."audit" FOR EACH STATEMENT EXECUTE FUNCTION "coffer"."_coffer_refuse_change"()
    ALTER TABLE "coffer"."audit" ENABLE ALWAYS TRIGGER "audit$$$append$change", ENABLE ALWAYS TRIGGER "audit$$$append$truncate""
  `)
})

test.each(Object.keys(DIALECTS))('nothing is done in %s where nothing differs', (name) => {
  const dialect = DIALECTS[name]
  const table = dialect && tableOf(dialect, NOTES)
  expect(table && dialect.schema.change(table, table)).toEqual([])
})
