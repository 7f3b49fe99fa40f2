/** Tables of logs in SQLite and PostgreSQL, as whoever has the database can change them. */

import { agents } from '@coffer/agents'
import { createStore, type LogHead, type StoreConfig } from '@coffer/core'
import Database from 'better-sqlite3'
import pg from 'pg'
import type { ChainPlace, EntryRow } from './log-tampering-kinds.ts'
import { columnsOf, type TamperingPlace } from './log-tampering-place.ts'

/** What a table's row holds, by column. */
type RawRow = Readonly<Record<string, unknown>>

/** A connection of somebody who goes around the store. Tables are quoted, and need no schema. */
interface Intruder {
  /** The rows of a table, without columns that follow from others. Documents are JSON text. */
  read(table: string): Promise<readonly RawRow[]>
  /** Replaces all rows of a table, which nobody guards any more. */
  replace(table: string, rows: readonly RawRow[], head: LogHead | undefined): Promise<void>
  /** Takes the guards of a table away. */
  disarm(table: string): Promise<void>
  /** Statements that change rows of a table, in every way that the engine has. */
  changes(table: string): readonly string[]
  run(statement: string): Promise<void>
  end(): Promise<void>
}

/** A place on a database that an intruder is connected to. */
export async function sqlPlace(
  config: StoreConfig,
  intruderOf: () => Promise<Intruder>,
): Promise<TamperingPlace> {
  const store = createStore(config, agents)
  await store.open()
  const intruder = await intruderOf()
  return {
    store,
    rows: async (place) => {
      const raw = await intruder.read(place.log.name)
      const { sequence } = place.log.chain
      return raw
        .map((row) => entryRow(row))
        .sort((left, right) => Number(left.document[sequence]) - Number(right.document[sequence]))
    },
    replace: async (place, { rows, head }) => {
      await intruder.disarm(place.log.name)
      await intruder.replace(
        place.log.name,
        rows.map((row) => rawRow(row, place)),
        head,
      )
    },
    tryChanges: async ({ log }) => {
      const statements = intruder.changes(`"${log.name}"`)
      const accepted: string[] = []
      for (const statement of statements) {
        await intruder.run(statement).then(
          () => accepted.push(statement),
          () => undefined,
        )
      }
      return { tried: statements.length, accepted }
    },
    end: async () => {
      await intruder.end()
      await store.close()
    },
  }
}

function entryRow(row: RawRow): EntryRow {
  return {
    tenant: String(row._tenant),
    id: String(row._id),
    document: JSON.parse(String(row._doc)),
    kept: row,
  }
}

function rawRow(row: EntryRow, place: ChainPlace): RawRow {
  const kept = row.kept as RawRow
  const columns = Object.entries(columnsOf(row, place)).filter(([name]) => name in kept)
  const { tenant, id, document } = row
  return { ...kept, ...Object.fromEntries(columns), _tenant: tenant, _id: id, _doc: JSON.stringify(document) }
}

/** Statements that both engines know. */
function plainChanges(table: string): readonly string[] {
  return [
    `UPDATE ${table} SET _doc = '{}'`,
    `UPDATE ${table} SET _version = _version + 1`,
    `DELETE FROM ${table}`,
    `INSERT INTO ${table} SELECT * FROM ${table} WHERE true ON CONFLICT (_tenant, _id) DO UPDATE SET _version = 2`,
  ]
}

/** Another connection to a database file. */
export async function sqliteIntruder(path: string): Promise<Intruder> {
  const database = new Database(path)
  const columnsOf = (table: string) =>
    (database.pragma(`table_xinfo("${table}")`) as { name: string; hidden: number }[])
      .filter(({ hidden }) => hidden === 0)
      .map(({ name }) => `"${name}"`)
      .join(', ')
  return {
    read: async (table) => database.prepare(`SELECT ${columnsOf(table)} FROM "${table}"`).all() as RawRow[],
    replace: async (table, rows, head) => {
      const [first] = rows
      database.transaction(() => {
        database.exec(`DELETE FROM "${table}"`)
        if (first !== undefined) {
          const names = Object.keys(first)
          const insert = database.prepare(
            `INSERT INTO "${table}" (${names.map((name) => `"${name}"`)}) VALUES (${names.map(() => '?')})`,
          )
          for (const row of rows) insert.run(names.map((name) => row[name]))
        }
        if (head === undefined) return
        const setHead = `UPDATE "${table}_heads" SET _doc = json_set(_doc, '$.sequence', ?, '$.hash', ?)`
        database.prepare(setHead).run(BigInt(head.sequence), head.hash)
      })()
    },
    disarm: async (table) => {
      const triggers = database
        .prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?`)
        .pluck()
        .all(table)
      for (const name of triggers) database.exec(`DROP TRIGGER "${name}"`)
    },
    changes: (table) => [
      ...plainChanges(table),
      `INSERT OR REPLACE INTO ${table} SELECT * FROM ${table}`,
      `REPLACE INTO ${table} SELECT * FROM ${table}`,
      `UPDATE OR REPLACE ${table} SET _version = 2`,
    ],
    run: async (statement) => {
      database.exec(statement)
    },
    end: async () => {
      database.close()
    },
  }
}

/** Another connection to a database, of its owner. */
export async function postgresIntruder(connectionString: string): Promise<Intruder> {
  const client = new pg.Client({ connectionString, options: '-c search_path=coffer' })
  await client.connect()
  const columnsOf = async (table: string) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT quote_ident(attname) AS name FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped`,
      [`"${table}"`],
    )
    return rows.map(({ name }) => name).join(', ')
  }
  return {
    read: async (table) => {
      const { rows } = await client.query<{ row: RawRow; document: string }>(
        `SELECT to_jsonb(entry) AS row, entry._doc::text AS document
         FROM (SELECT ${await columnsOf(table)} FROM "${table}") AS entry`,
      )
      return rows.map(({ row, document }) => ({ ...row, _doc: document }))
    },
    replace: async (table, rows, head) => {
      const columns = await columnsOf(table)
      await client.query('BEGIN')
      // Not DELETE: dead rows of thousands of times would be read each time.
      await client.query(`TRUNCATE "${table}"`)
      await client.query(
        `INSERT INTO "${table}" (${columns})
         SELECT ${columns} FROM jsonb_populate_recordset(NULL::"${table}", $1::jsonb)`,
        [JSON.stringify(rows.map((row) => ({ ...row, _doc: JSON.parse(String(row._doc)) })))],
      )
      if (head !== undefined) {
        await client.query(`UPDATE "${table}_heads" SET _doc = _doc || $1::jsonb`, [JSON.stringify(head)])
      }
      await client.query('COMMIT')
    },
    disarm: async (table) => {
      await client.query(`ALTER TABLE "${table}" DISABLE TRIGGER USER`)
    },
    changes: (table) => [...plainChanges(table), `TRUNCATE ${table}`, `TRUNCATE ${table} CASCADE`],
    run: async (statement) => {
      await client.query(statement)
    },
    end: () => client.end(),
  }
}
