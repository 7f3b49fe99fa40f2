/** Places for stores on PostgreSQL, as the conformance suite wants them: each a schema in one database. */

import type { Place } from '@coffer/conformance'
import type { Backend, PostgresOptions } from '@coffer/core/backend'
import { Client, escapeIdentifier, Pool } from 'pg'
import type { TestDatabase } from './test-database.ts'

/** Connections of one store, and of a pool that is lent to one: the fewest with which nothing waits for nothing. */
const MAX_CONNECTIONS = 4
const MAX_LENT = 3

/** Makes a backend. The backend comes in from outside, as its own tests are among those who use places. */
export type OpenPostgres = (options: PostgresOptions) => Backend

let schemas = 0

/** The name of a schema that nobody else in this process has. */
export function freshSchema(): string {
  schemas += 1
  return `place_${schemas}`
}

/**
 * A new place. It stays in the database until that is dropped: dropping a schema takes longer than all else
 * that a case does.
 *
 * @param options - of every backend on the place, over what the place itself needs
 */
export function placeIn(database: TestDatabase, open: OpenPostgres, options: PostgresOptions = {}): Place {
  const schema = freshSchema()
  const own: PostgresOptions = {
    connectionString: database.url,
    schema,
    max: MAX_CONNECTIONS,
    ...options,
  }
  return {
    backend: () => open(own),
    tamper: (collection, id, change) =>
      asSuperuser(database, (client) => tamper(client, tableOf(schema, collection), id, change)),
    newerFormat: () =>
      asSuperuser(database, async (client) => {
        const table = tableOf(schema, '_coffer_meta')
        await client.query(`UPDATE ${table} SET version = version + 1 WHERE key = 'format'`)
      }),
    lent: async () => {
      const pool = new Pool({ connectionString: database.url, max: MAX_LENT, allowExitOnIdle: true })
      return {
        backend: open({ pool, schema }),
        works: async () => {
          const { rows } = await pool.query<{ one: number }>('SELECT 1 AS one')
          await pool.end()
          return rows[0]?.one === 1
        },
      }
    },
    destroy: async () => undefined,
  }
}

/** Also where triggers keep rows from being changed: a superuser can switch them off, and on again. */
async function tamper(
  client: Client,
  table: string,
  id: string,
  change: (document: string) => string,
): Promise<void> {
  const guards = await client.query<{ name: string }>(
    'SELECT tgname AS name FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal',
    [table],
  )
  await client.query('BEGIN')
  await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
  const { rows } = await client.query<{ document: string }>(
    `SELECT _doc::text AS document FROM ${table} WHERE _id = $1`,
    [id],
  )
  if (rows[0] === undefined) throw new Error(`${table} has no row '${id}'`)
  await client.query(`UPDATE ${table} SET _doc = $1 WHERE _id = $2`, [change(rows[0].document), id])
  for (const { name } of guards.rows) {
    await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${escapeIdentifier(name)}`)
  }
  await client.query('COMMIT')
}

function tableOf(schema: string, name: string): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`
}

async function asSuperuser(database: TestDatabase, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: database.superuserUrl })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
