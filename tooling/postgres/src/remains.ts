/** Cleaning up a server that goes on living after a run. */

import { escapeIdentifier } from 'pg'
import { administrationOf } from './administration.ts'
import { namePrefix } from './names.ts'
import type { ServerAddress } from './postgres-server.ts'

/** Drops the databases and roles that a run has left, whoever is still connected: its tests are over. */
export async function dropRemains(server: ServerAddress): Promise<void> {
  const administration = administrationOf(server.url)
  const prefix = [namePrefix(server)]
  const databases = await administration.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
    prefix,
  )
  for (const { name } of databases.rows) {
    await administration.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`)
  }
  const roles = await administration.query<{ name: string }>(
    'SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, $1)',
    prefix,
  )
  for (const { name } of roles.rows) {
    await administration.query(`DROP ROLE IF EXISTS ${escapeIdentifier(name)}`)
  }
}
