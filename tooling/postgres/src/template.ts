/** Databases that others are copied from. */

import { Client, escapeIdentifier } from 'pg'
import { namePrefix, urlFor } from './names.ts'
import type { ServerAddress } from './postgres-server.ts'
import { expectNoSessions } from './sessions.ts'
import { createEmptyOrCopy } from './test-database.ts'

/**
 * Prepares a template once in a run, however many processes ask for it: the first one runs `prepare`, the
 * others wait. Answers the name to pass to `createDatabase`.
 *
 * @param key - what tells it from other templates; up to 30 letters, digits and underscores
 * @param prepare - gets a superuser's URL of the empty template; has to close its connections. What it makes
 * belongs to the superuser, so it grants what the owners of copies shall use.
 */
export async function prepareTemplate(
  server: ServerAddress,
  key: string,
  prepare: (url: string) => Promise<void>,
): Promise<string> {
  if (!/^\w{1,30}$/.test(key)) throw new Error(`not a key for a template: '${key}'`)
  const name = `${namePrefix(server)}template_${key}`
  // Not from the pool: those who wait for the lock must not use up what its holder needs.
  const client = new Client({ connectionString: server.url, application_name: 'coffer test template' })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name])
    const { rows } = await client.query<{ ready: boolean }>(
      'SELECT NOT datallowconn AS ready FROM pg_database WHERE datname = $1',
      [name],
    )
    if (rows[0]?.ready === true) return name
    // One that is not ready was left by somebody who failed.
    await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)}`)
    await createEmptyOrCopy(server, name, undefined, {})
    await prepare(urlFor(server.url, name))
    await expectNoSessions(server, name)
    await client.query(`ALTER DATABASE ${escapeIdentifier(name)} ALLOW_CONNECTIONS false`)
    return name
  } finally {
    // The lock ends with the connection.
    await client.end()
  }
}
