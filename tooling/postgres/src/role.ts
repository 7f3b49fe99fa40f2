/** Roles that log in to one test database. */

import { randomBytes } from 'node:crypto'
import { escapeIdentifier, escapeLiteral } from 'pg'
import { administrationOf } from './administration.ts'
import { uniqueName, urlFor } from './names.ts'
import type { ServerAddress } from './postgres-server.ts'

/** What a role may do beside logging in. It is never a superuser. */
export interface RoleOptions {
  /**
   * `none`: what every role may. `read`: read every table. `write`: read and change the rows of every table.
   * None of them is an owner, so row-level security binds them all. `none` without it.
   */
  readonly access?: 'none' | 'read' | 'write'
  /** True for a role that row-level security does not bind. */
  readonly bypassesRowSecurity?: boolean
}

/** A role and its way into the database. */
export interface Role {
  readonly name: string
  /** With the password. */
  readonly url: string
}

const GRANTED = {
  none: [],
  read: ['pg_read_all_data'],
  write: ['pg_read_all_data', 'pg_write_all_data'],
} as const

/** Makes a role with a random password. It stays until `dropRole`. */
export async function createRole(
  server: ServerAddress,
  database: string,
  { access = 'none', bypassesRowSecurity = false }: RoleOptions = {},
): Promise<Role> {
  const name = uniqueName(server)
  const password = randomBytes(12).toString('hex')
  const granted = GRANTED[access].length === 0 ? '' : ` IN ROLE ${GRANTED[access].join(', ')}`
  const bypass = bypassesRowSecurity ? ' BYPASSRLS' : ''
  await administrationOf(server.url).query(
    `CREATE ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(password)}${bypass}${granted}`,
  )
  return { name, url: urlFor(server.url, database, { name, password }) }
}

/** Drops a role that owns nothing any more. */
export async function dropRole(server: ServerAddress, { name }: Role): Promise<void> {
  await administrationOf(server.url).query(`DROP ROLE IF EXISTS ${escapeIdentifier(name)}`)
}
