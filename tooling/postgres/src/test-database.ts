/** A database of its own for a test, made from a template and dropped when nobody is connected any more. */

import { escapeIdentifier } from 'pg'
import { administrationOf } from './administration.ts'
import { uniqueName, urlFor } from './names.ts'
import type { ServerAddress } from './postgres-server.ts'
import { createRole, dropRole, type Role, type RoleOptions } from './role.ts'
import { expectNoSessions, type Session, sessionsOf } from './sessions.ts'

/** The template that nobody can be connected to, so that making copies never waits. */
const EMPTY_TEMPLATE = 'template0'

/** The first version whose CREATE DATABASE can be told how to copy; those before copy files. */
const STRATEGY_VERSION = 150_000

/** What is wanted of a database. */
export interface DatabaseOptions {
  /** The name of a database to copy, as `prepareTemplate` answers it. Empty without. */
  readonly template?: string
  /**
   * An ICU locale such as `en-US` as the database's default order of text, to see that nothing depends on the
   * default. `C` without. Cannot go with a template. PostgreSQL 15 or later.
   */
  readonly icuLocale?: string
}

/** A database and those who may use it. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  /** The owner's URL: a role that is no superuser. This is what tests use. */
  readonly url: string
  readonly owner: Role
  /** For going around what binds the others. */
  readonly superuserUrl: string
  /** Makes a further role that lives as long as the database. */
  createRole(options?: RoleOptions): Promise<Role>
  /** The connections that are open now. */
  sessions(): Promise<readonly Session[]>
  /**
   * Drops the database and its roles. Idempotent. Waits up to 2 s for backends that are just ending.
   *
   * @throws LeakedSessionsError when connections are still open. The database then stays until the server
   * ends, or until `drop` is called again after they were closed.
   */
  drop(): Promise<void>
}

/** Makes a database, owned by a role of its own. Its name is unique across processes. */
export async function createDatabase(
  server: ServerAddress,
  options: DatabaseOptions = {},
): Promise<TestDatabase> {
  const name = uniqueName(server)
  const owner = await createRole(server, name)
  const roles = [owner]
  await createEmptyOrCopy(server, name, owner, options)
  let isDropped = false
  const drop = async () => {
    if (isDropped) return
    await expectNoSessions(server, name)
    await administrationOf(server.url).query(`DROP DATABASE ${escapeIdentifier(name)}`)
    isDropped = true
    for (const role of roles) await dropRole(server, role)
  }
  return {
    name,
    url: owner.url,
    owner,
    superuserUrl: urlFor(server.url, name),
    createRole: async (roleOptions) => {
      const role = await createRole(server, name, roleOptions)
      roles.push(role)
      return role
    },
    sessions: () => sessionsOf(server, name),
    drop,
    [Symbol.asyncDispose]: drop,
  }
}

/** Makes a database without the roles around it. */
export async function createEmptyOrCopy(
  server: ServerAddress,
  name: string,
  owner: Role | undefined,
  { template = EMPTY_TEMPLATE, icuLocale }: DatabaseOptions,
): Promise<void> {
  const clauses = [
    `CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(template)}`,
    owner === undefined ? '' : `OWNER ${escapeIdentifier(owner.name)}`,
    template === EMPTY_TEMPLATE ? `ENCODING 'UTF8' LOCALE 'C'` : '',
    icuLocale === undefined ? '' : `LOCALE_PROVIDER icu ICU_LOCALE '${icuLocale.replaceAll("'", "''")}'`,
    server.copiesFiles && server.version >= STRATEGY_VERSION ? 'STRATEGY FILE_COPY' : '',
  ]
  await administrationOf(server.url).query(clauses.join(' '))
}
