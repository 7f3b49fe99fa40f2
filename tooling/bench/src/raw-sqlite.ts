/** The rival by hand: better-sqlite3 with the table and indexes that Coffer makes, and the same durability. */

import type { Database, Statement } from 'better-sqlite3'
import SqliteDatabase from 'better-sqlite3'
import type { Decision } from './decision.ts'

/** A hand-written table of decisions. */
export interface RawSqlite {
  readonly database: Database
  put(decision: Decision): void
  putAll(decisions: readonly Decision[]): void
  get(id: string): unknown
  /** A page of an agent's decisions in their order, behind a position. */
  page(agent: string, after: { at: number; id: string } | undefined, limit: number): unknown[]
  close(): void
}

/** Opens the database, with the pragmas of a durable store, and prepares every statement once. */
export function openRawSqlite(path: string): RawSqlite {
  const database = new SqliteDatabase(path)
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL']) database.pragma(pragma)
  database.exec(SCHEMA)
  const upsert = database.prepare(UPSERT)
  const select = database.prepare('SELECT _doc FROM decisions WHERE _tenant = ? AND _id = ?').pluck()
  const first = database.prepare(PAGE.replace('/*after*/', '')).pluck()
  const next = database.prepare(PAGE.replace('/*after*/', 'AND (created_at, _id) > (?, ?)')).pluck()
  const putAll = database.transaction((decisions: readonly Decision[]) => {
    for (const each of decisions) upsertOne(upsert, each)
  })
  return {
    database,
    put: (decision) => upsertOne(upsert, decision),
    putAll: (decisions) => putAll.immediate(decisions),
    get: (id) => JSON.parse(select.get('default', id) as string),
    page: (agent, after, limit) => {
      const rows =
        after === undefined
          ? first.all('default', agent, limit)
          : next.all('default', agent, after.at, after.id, limit)
      return rows.map((text) => JSON.parse(text as string))
    },
    close: () => database.close(),
  }
}

function upsertOne(upsert: Statement, decision: Decision): void {
  const now = Date.now()
  upsert.run(
    'default',
    decision.decision_id,
    decision.agent_id,
    decision.session_id,
    decision.decision,
    Date.parse(decision.created_at),
    JSON.stringify(decision),
    now,
    now,
  )
}

const SCHEMA = `
  CREATE TABLE decisions (
    _tenant TEXT NOT NULL, _id TEXT NOT NULL,
    agent_id TEXT NOT NULL, session_id TEXT NOT NULL, decision TEXT NOT NULL, created_at INTEGER NOT NULL,
    _doc TEXT NOT NULL, _version INTEGER NOT NULL, _schema_version INTEGER NOT NULL,
    _created_at INTEGER NOT NULL, _updated_at INTEGER NOT NULL,
    _expires_at INTEGER, _deleted_at INTEGER, _hash TEXT,
    PRIMARY KEY (_tenant, _id)
  ) STRICT;
  CREATE INDEX by_agent_and_time ON decisions (_tenant, agent_id, created_at, _id);
  CREATE INDEX by_session ON decisions (_tenant, session_id, _id);
  CREATE INDEX by_deadline ON decisions (_expires_at) WHERE _expires_at IS NOT NULL;
  CREATE INDEX by_deletion ON decisions (_deleted_at) WHERE _deleted_at IS NOT NULL;
`

const UPSERT = `
  INSERT INTO decisions (_tenant, _id, agent_id, session_id, decision, created_at, _doc,
    _version, _schema_version, _created_at, _updated_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?)
  ON CONFLICT (_tenant, _id) DO UPDATE SET
    agent_id = excluded.agent_id, session_id = excluded.session_id, decision = excluded.decision,
    created_at = excluded.created_at, _doc = excluded._doc, _version = _version + 1,
    _updated_at = excluded._updated_at
`

const PAGE = `
  SELECT _doc FROM decisions
  WHERE _tenant = ? AND agent_id = ? /*after*/ AND _deleted_at IS NULL
  ORDER BY created_at, _id LIMIT ?
`
