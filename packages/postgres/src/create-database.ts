/** Making the database that a store is to be in. */

import type { PostgresOptions } from '@coffer/core/backend'
import pg, { type Client, type ClientConfig } from 'pg'
import { sqlState } from './error-code.ts'
import { usingClient } from './lone-client.ts'
import { resolveOptions } from './options.ts'

/** The database that every server has to connect to while others are made. */
const MAINTENANCE = 'postgres'

/** What the server answers where another was faster: before it begins, and while it writes the name down. */
const THERE_ALREADY = ['42P04', '23505']

/**
 * Makes the database that the options name, unless it is there. Asked of the server's database `postgres`, by the
 * same user, who needs the right to make databases.
 *
 * @returns true when it was made
 * @throws `INVALID_ARGUMENT` for options that are not valid, `PERMISSION_DENIED` without the right
 */
export async function createDatabase(options: PostgresOptions): Promise<boolean> {
  let wanted: string | undefined
  const toMaintenance = (place: ClientConfig): ClientConfig => {
    wanted = new pg.Client(place).database
    const { connectionString } = place
    return {
      ...place,
      database: MAINTENANCE,
      ...(connectionString !== undefined && { connectionString: elsewhere(connectionString) }),
    }
  }
  return usingClient(resolveOptions(options), toMaintenance, (client) => make(client, wanted ?? MAINTENANCE))
}

async function make(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
  if (rowCount !== 0) return false
  try {
    // Whatever the server was set up with; and others may be connected to the template that it would take.
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE template0 ENCODING 'UTF8'`)
    return true
  } catch (cause) {
    if (THERE_ALREADY.includes(sqlState(cause) ?? '')) return false
    throw cause
  }
}

/** The same server, by an address whose path names the database. */
function elsewhere(address: string): string {
  return address.replace(/^([a-z]+:\/\/[^/?#]*)(?:\/[^?#]*)?/, `$1/${MAINTENANCE}`)
}
