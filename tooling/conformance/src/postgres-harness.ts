/** PostgreSQL as a harness: a schema for each place, in a few databases. */

import { withCache } from '@coffer/cache'
import { postgres } from '@coffer/postgres'
import { createDatabase, type ServerAddress, type TestDatabase } from '@coffer-tooling/postgres'
import { placeIn } from '@coffer-tooling/postgres/place'
import type { EndingHarness } from './harnesses.ts'

/** The more tables a database has, the longer it takes to make one more; and a database is made in 10 ms. */
const PLACES_PER_DATABASE = 100

/**
 * The harness. Its end drops the databases, and throws when a connection to one was left open.
 *
 * @param server asked when the first place is made
 */
export function postgresHarness(server: () => Promise<ServerAddress>): Required<EndingHarness> {
  let databases: Promise<TestDatabase>[] = []
  let places = 0
  const makeDatabase = async () => createDatabase(await server())
  return {
    name: 'postgresql',
    capabilities: postgres().capabilities,
    create: async () => {
      if (places % PLACES_PER_DATABASE === 0) databases.push(makeDatabase())
      places++
      return { ...placeIn(await (databases.at(-1) ?? makeDatabase()), postgres), withCache }
    },
    end: async () => {
      // One that could not be made has been told by the cases that wanted it.
      const made = await Promise.allSettled(databases)
      databases = []
      places = 0
      for (const each of made) if (each.status === 'fulfilled') await each.value.drop()
    },
  }
}
