/** Reads a table as programs do that know nothing of Coffer. */

import type { StoreConfig } from '@coffer/core'
import Database from 'better-sqlite3'
import { Client } from 'pg'

export interface PlainReader {
  read(): Promise<unknown>
  end(): Promise<void>
}

const PROBE = 'SELECT count(*) FROM (SELECT 1 FROM items LIMIT 100) AS few'

export async function plainReader(config: StoreConfig): Promise<PlainReader> {
  if ('connectionString' in config && typeof config.connectionString === 'string') {
    return postgresReader(config.connectionString)
  }
  if ('path' in config && typeof config.path === 'string') {
    const database = new Database(config.path, { readonly: true })
    return { read: async () => database.prepare(PROBE).get(), end: async () => void database.close() }
  }
  throw new Error('only tables can be read past a store')
}

async function postgresReader(connectionString: string): Promise<PlainReader> {
  const client = await clientOf(connectionString)
  return { read: () => client.query(PROBE), end: () => client.end() }
}

/** Names of indexes that are there, and are not used. */
export async function invalidIndexes(connectionString: string): Promise<readonly string[]> {
  const client = await clientOf(connectionString)
  try {
    const { rows } = await client.query<{ name: string }>(
      'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid',
    )
    return rows.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

async function clientOf(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, options: '-c search_path=coffer' })
  await client.connect()
  return client
}
