/** The SQL of tables and what stands around them, dialect by dialect. */

import type { Layout } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { ownTables, schemaOf } from '../src/index.ts'
import { AUDIT, everyDialect, NOTES } from './dialects.ts'

function schemaText(layout: Layout): string {
  return everyDialect((table) => {
    const { table: own, around, guards } = schemaOf(table)
    return [...[own, ...around].map((object) => object.create), ...guards.create].join('\n')
  }, layout)
}

test('a collection is a table with its indexes, and what else its texts need', () => {
  expect(schemaText(NOTES)).toMatchInlineSnapshot(`
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
    CREATE TRIGGER "notes$$$texts$tags$insert" AFTER INSERT ON "notes" WHEN NEW."tags" <> '[]' BEGIN INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$update" AFTER UPDATE OF "tags" ON "notes" WHEN OLD."tags" IS NOT NEW."tags" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); INSERT INTO "notes$tags" ("_tenant", "value", "_id") SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW."tags"); END
    CREATE TRIGGER "notes$$$texts$tags$delete" AFTER DELETE ON "notes" BEGIN DELETE FROM "notes$tags" WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" AND "value" IN (SELECT value FROM json_each(OLD."tags")); END
    -- postgresql
    CREATE TABLE "coffer"."notes" (
      "author" text COLLATE "C" NOT NULL,
      "score" double precision,
      "done" boolean,
      "at" timestamptz NOT NULL,
      "tags" text[] COLLATE "C" NOT NULL,
      "_tenant" text COLLATE "C" NOT NULL,
      "_id" text COLLATE "C" NOT NULL,
      "_version" bigint NOT NULL,
      "_schema_version" bigint NOT NULL,
      "_created_at" timestamptz NOT NULL,
      "_updated_at" timestamptz NOT NULL,
      "_expires_at" timestamptz,
      "_deleted_at" timestamptz,
      "_hash" text COLLATE "C",
      "_doc" jsonb NOT NULL,
      PRIMARY KEY ("_tenant", "_id")
    )
    CREATE INDEX "notes$$author$at" ON "coffer"."notes" ("_tenant", "author", "at", "_id")
    CREATE INDEX "notes$$score" ON "coffer"."notes" ("_tenant", "score" NULLS FIRST, "_id")
    CREATE INDEX "notes$$_expires_at" ON "coffer"."notes" ("_expires_at", "_tenant") WHERE "_expires_at" IS NOT NULL
    CREATE INDEX "notes$$_deleted_at" ON "coffer"."notes" ("_deleted_at", "_tenant") WHERE "_deleted_at" IS NOT NULL
    CREATE INDEX "notes$$tags" ON "coffer"."notes" USING gin ("tags")"
  `)
})

test('an append-only collection has triggers that refuse', () => {
  expect(schemaText(AUDIT)).toMatchInlineSnapshot(`
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
    CREATE TRIGGER "audit$$$append$insert" BEFORE INSERT ON "audit" WHEN EXISTS (SELECT 1 FROM "audit" WHERE "_tenant" = NEW."_tenant" AND "_id" = NEW."_id") OR EXISTS (SELECT 1 FROM "audit" WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
    -- postgresql
    CREATE TABLE "coffer"."audit" (
      "_tenant" text COLLATE "C" NOT NULL,
      "_id" text COLLATE "C" NOT NULL,
      "_version" bigint NOT NULL,
      "_schema_version" bigint NOT NULL,
      "_created_at" timestamptz NOT NULL,
      "_updated_at" timestamptz NOT NULL,
      "_expires_at" timestamptz,
      "_deleted_at" timestamptz,
      "_hash" text COLLATE "C",
      "_doc" jsonb NOT NULL,
      PRIMARY KEY ("_tenant", "_id")
    )
    CREATE INDEX "audit$$_expires_at" ON "coffer"."audit" ("_expires_at", "_tenant") WHERE "_expires_at" IS NOT NULL
    CREATE INDEX "audit$$_deleted_at" ON "coffer"."audit" ("_deleted_at", "_tenant") WHERE "_deleted_at" IS NOT NULL
    CREATE OR REPLACE FUNCTION "coffer"."_coffer_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'coffer: rows of this table may be added, never changed or removed' USING ERRCODE = '0A000'; END $$
    CREATE TRIGGER "audit$$$append$change" BEFORE UPDATE OR DELETE ON "coffer"."audit" FOR EACH ROW EXECUTE FUNCTION "coffer"."_coffer_refuse_change"()
    CREATE TRIGGER "audit$$$append$truncate" BEFORE TRUNCATE ON "coffer"."audit" FOR EACH STATEMENT EXECUTE FUNCTION "coffer"."_coffer_refuse_change"()
    ALTER TABLE "coffer"."audit" ENABLE ALWAYS TRIGGER "audit$$$append$change", ENABLE ALWAYS TRIGGER "audit$$$append$truncate""
  `)
})

test('the triggers step aside for Coffer itself and come back', () => {
  const text = everyDialect((table) => {
    const { guards } = schemaOf(table)
    return [...guards.suspend, ...guards.resume].join('\n')
  }, AUDIT)
  expect(text).toMatchInlineSnapshot(`
    "-- sqlite
    DROP TRIGGER IF EXISTS "audit$$$append$update"
    DROP TRIGGER IF EXISTS "audit$$$append$delete"
    DROP TRIGGER IF EXISTS "audit$$$append$insert"
    CREATE TRIGGER "audit$$$append$update" BEFORE UPDATE ON "audit" BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
    CREATE TRIGGER "audit$$$append$delete" BEFORE DELETE ON "audit" BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
    CREATE TRIGGER "audit$$$append$insert" BEFORE INSERT ON "audit" WHEN EXISTS (SELECT 1 FROM "audit" WHERE "_tenant" = NEW."_tenant" AND "_id" = NEW."_id") OR EXISTS (SELECT 1 FROM "audit" WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed'); END
    -- postgresql
    ALTER TABLE "coffer"."audit" DISABLE TRIGGER "audit$$$append$change", DISABLE TRIGGER "audit$$$append$truncate"
    ALTER TABLE "coffer"."audit" ENABLE ALWAYS TRIGGER "audit$$$append$change", ENABLE ALWAYS TRIGGER "audit$$$append$truncate""
  `)
})

test("Coffer's own tables", () => {
  const text = everyDialect(({ dialect }) =>
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
    ) STRICT
    -- postgresql
    CREATE TABLE "coffer"."p_coffer_meta" (
      key text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      PRIMARY KEY (key)
    )
    CREATE TABLE "coffer"."p_coffer_layouts" (
      name text COLLATE "C" NOT NULL,
      layout text COLLATE "C" NOT NULL,
      reindexed boolean NOT NULL,
      PRIMARY KEY (name)
    )
    CREATE TABLE "coffer"."p_coffer_floors" (
      layout text COLLATE "C" NOT NULL,
      tenant text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      PRIMARY KEY (layout, tenant)
    )"
  `)
})
