/** Removing all that a store has made in its database. */

import { type PostgresOptions, StoreError } from '@coffer/core/backend'
import { usingClient } from './lone-client.ts'
import { resolveOptions } from './options.ts'

/**
 * Removes the schema that the options name, with everything in it, whoever made it; nothing where it is not there.
 * No store may be open on it. The schema has no default here: what is removed is said.
 *
 * @throws `INVALID_ARGUMENT` for options that are not valid, `PERMISSION_DENIED` where it is somebody else's
 */
export async function dropSchema(options: PostgresOptions & { readonly schema: string }): Promise<void> {
  if (options.schema === undefined) {
    throw new StoreError('INVALID_ARGUMENT', 'postgresql: dropSchema takes the schema to remove as `schema`')
  }
  const resolved = resolveOptions(options)
  await usingClient(
    resolved,
    (place) => place,
    (client) => client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(resolved.schema)} CASCADE`),
  )
}
