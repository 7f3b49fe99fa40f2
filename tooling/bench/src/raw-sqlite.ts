/** The rival by hand: better-sqlite3 with the table and indexes that Coffer makes, and the same durability. */

import type { Database, Statement } from 'better-sqlite3'
import SqliteDatabase from 'better-sqlite3'
import type { Step } from './step.ts'

/** A hand-written table of steps. */
export interface RawSqlite {
  readonly database: Database
  put(step: Step): void
  putAll(steps: readonly Step[]): void
  get(id: string): unknown
  /** A page of a session's steps in their order, behind a position. */
  page(session: string, after: { at: number; id: string } | undefined, limit: number): unknown[]
  close(): void
}

/** Opens the database, with the pragmas of a durable store, and prepares every statement once. */
export function openRawSqlite(path: string): RawSqlite {
  const database = new SqliteDatabase(path)
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL']) database.pragma(pragma)
  database.exec(SCHEMA)
  const upsert = database.prepare(UPSERT)
  const select = database.prepare('SELECT _doc FROM steps WHERE _tenant = ? AND _id = ?').pluck()
  const first = database.prepare(PAGE.replace('/*after*/', '')).pluck()
  const next = database.prepare(PAGE.replace('/*after*/', 'AND (at, _id) > (?, ?)')).pluck()
  const putAll = database.transaction((steps: readonly Step[]) => {
    for (const each of steps) upsertOne(upsert, each)
  })
  return {
    database,
    put: (step) => upsertOne(upsert, step),
    putAll: (steps) => putAll.immediate(steps),
    get: (id) => JSON.parse(select.get('default', id) as string),
    page: (session, after, limit) => {
      const rows =
        after === undefined
          ? first.all('default', session, limit)
          : next.all('default', session, after.at, after.id, limit)
      return rows.map((text) => JSON.parse(text as string))
    },
    close: () => database.close(),
  }
}

function upsertOne(upsert: Statement, step: Step): void {
  const now = Date.now()
  upsert.run(
    'default',
    step.step_id,
    step.session_id,
    step.kind,
    Date.parse(step.at),
    JSON.stringify(step),
    now,
    now,
  )
}

const SCHEMA = `
  CREATE TABLE steps (
    _tenant TEXT NOT NULL, _id TEXT NOT NULL,
    session_id TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
    _doc TEXT NOT NULL, _version INTEGER NOT NULL, _schema_version INTEGER NOT NULL,
    _created_at INTEGER NOT NULL, _updated_at INTEGER NOT NULL,
    _expires_at INTEGER, _deleted_at INTEGER, _hash TEXT,
    PRIMARY KEY (_tenant, _id)
  ) STRICT;
  CREATE INDEX by_session_and_time ON steps (_tenant, session_id, at, _id);
  CREATE INDEX by_deadline ON steps (_expires_at) WHERE _expires_at IS NOT NULL;
  CREATE INDEX by_deletion ON steps (_deleted_at) WHERE _deleted_at IS NOT NULL;
`

const UPSERT = `
  INSERT INTO steps (_tenant, _id, session_id, kind, at, _doc,
    _version, _schema_version, _created_at, _updated_at)
  VALUES (?, ?, ?, ?, ?, ?, 1, 1, ?, ?)
  ON CONFLICT (_tenant, _id) DO UPDATE SET
    session_id = excluded.session_id, kind = excluded.kind, at = excluded.at, _doc = excluded._doc, _version = _version + 1,
    _updated_at = excluded._updated_at
`

const PAGE = `
  SELECT _doc FROM steps
  WHERE _tenant = ? AND session_id = ? /*after*/ AND _deleted_at IS NULL
  ORDER BY at, _id LIMIT ?
`
