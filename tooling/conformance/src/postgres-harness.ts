/** PostgreSQL as a harness: one database for all places, a schema in it for each. */

import { postgres } from '@coffer/postgres'
import { createDatabase, type ServerAddress, type TestDatabase } from '@coffer-tooling/postgres'
import { placeIn } from '@coffer-tooling/postgres/place'
import type { EndingHarness } from './harnesses.ts'

/**
 * The harness. Its end drops the database, and throws when a connection to it was left open.
 *
 * @param server asked when the first place is made
 */
export function postgresHarness(server: () => Promise<ServerAddress>): Required<EndingHarness> {
  let database: Promise<TestDatabase> | undefined
  const makeDatabase = async () => createDatabase(await server())
  return {
    name: 'postgresql',
    capabilities: postgres().capabilities,
    create: async () => {
      database ??= makeDatabase()
      return placeIn(await database, postgres)
    },
    end: async () => {
      // One that could not be made has been told by every case.
      const made = await database?.catch(() => undefined)
      database = undefined
      await made?.drop()
    },
  }
}
