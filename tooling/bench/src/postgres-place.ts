/** Where the contests on PostgreSQL work: one durable server for the run, a database of its own for each side. */

import { createStore, type StoreConfig } from '@coffer/core'
import {
  createDatabase,
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from '@coffer-tooling/postgres'
import { Client } from 'pg'
import { steps } from './step.ts'

/** Connections that either side may open. */
export const MAX_CONNECTIONS = 10

let running: Promise<PostgresServer> | undefined

/**
 * Starts the server of the run, if there is none.
 *
 * @param durable true for PostgreSQL's own settings, `fsync` on: figures without it would mean nothing
 */
export function startServer(durable: boolean): Promise<PostgresServer> {
  running ??= startPostgres({ durable })
  return running
}

/** Makes an empty database. The first call starts a durable server, if there is none. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return createDatabase(await startServer(true))
}

/** Ends the server of the run, if there is one. */
export async function stopPostgres(): Promise<void> {
  const server = await running
  running = undefined
  await server?.stop()
}

/** Coffer on a database. */
export function openCoffer({ url }: TestDatabase, options: Pick<StoreConfig, 'clock'> = {}) {
  const { hostname, port, pathname, username, password } = new URL(url)
  const store = createStore({
    ...options,
    type: 'postgresql',
    host: hostname,
    port: Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    max: MAX_CONNECTIONS,
  })
  return { store, collection: store.collection(steps), close: () => store.close() }
}

/**
 * Lets the server finish what filling a database left to be done later, so that no side pays for it while it
 * is measured.
 */
export async function settle({ superuserUrl }: TestDatabase): Promise<void> {
  const client = new Client({ connectionString: superuserUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ tables: string | null }>(OWN_TABLES)
    await client.query(`VACUUM (ANALYZE) ${rows[0]?.tables ?? ''}`)
    await client.query('CHECKPOINT')
  } finally {
    await client.end()
  }
}

const OWN_TABLES = `
  SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS tables
  FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
