/** The rival by Drizzle: the same table as a schema of its, with prepared statements where it has them. */

import { and, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { bigint, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'
import { Pool } from 'pg'
import { MAX_CONNECTIONS } from './postgres-place.ts'
import { CREATE_TABLE, TENANT } from './raw-postgres-table.ts'
import type { Rival } from './rival.ts'
import type { Step } from './step.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' })
const version = (name: string) => bigint(name, { mode: 'number' }).notNull()

const table = pgTable(
  'steps',
  {
    sessionId: text('session_id').notNull(),
    kind: text('kind').notNull(),
    at: instant('at').notNull(),
    tenant: text('_tenant').notNull(),
    id: text('_id').notNull(),
    version: version('_version'),
    schemaVersion: version('_schema_version'),
    createdAt: instant('_created_at').notNull(),
    updatedAt: instant('_updated_at').notNull(),
    expiresAt: instant('_expires_at'),
    deletedAt: instant('_deleted_at'),
    hash: text('_hash'),
    doc: jsonb('_doc').$type<Step>().notNull(),
  },
  (columns) => [primaryKey({ columns: [columns.tenant, columns.id] })],
)

const onConflict = {
  target: [table.tenant, table.id],
  set: {
    sessionId: sql`excluded.session_id`,
    kind: sql`excluded.kind`,
    at: sql`excluded.at`,
    doc: sql`excluded._doc`,
    version: sql`${table.version} + 1`,
    updatedAt: sql`excluded._updated_at`,
  },
}

const constants = {
  tenant: TENANT,
  version: 1,
  schemaVersion: 1,
  createdAt: sql`now()`,
  updatedAt: sql`now()`,
}

/** Opens Drizzle on a pool, and makes the table. */
export async function openDrizzle(url: string): Promise<Rival> {
  const pool = new Pool({ connectionString: url, max: MAX_CONNECTIONS })
  await pool.query(CREATE_TABLE)
  const database = drizzle({ client: pool })
  const put = database
    .insert(table)
    .values({
      ...constants,
      id: sql.placeholder('id'),
      sessionId: sql.placeholder('sessionId'),
      kind: sql.placeholder('kind'),
      at: sql.placeholder('at'),
      doc: sql.placeholder('doc'),
    })
    .onConflictDoUpdate(onConflict)
    .prepare('put')
  const get = database
    .select({ doc: table.doc })
    .from(table)
    .where(and(eq(table.tenant, TENANT), eq(table.id, sql.placeholder('id'))))
    .prepare('get')
  return {
    put: (step) => put.execute(values(step)),
    get: async (id) => (await get.execute({ id }))[0]?.doc,
    putMany: (steps) =>
      database
        .insert(table)
        .values(steps.map((step) => ({ ...constants, ...values(step) })))
        .onConflictDoUpdate(onConflict),
    close: () => pool.end(),
  }
}

function values(step: Step) {
  return { id: step.step_id, sessionId: step.session_id, kind: step.kind, at: step.at, doc: step }
}
