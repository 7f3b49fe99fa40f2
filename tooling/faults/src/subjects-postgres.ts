/** PostgreSQL as the rigs open it: a durable server for the run of a rig, a database for each place. */

import { setTimeout as pause } from 'node:timers/promises'
import {
  createDatabase,
  NoPostgresError,
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from '@coffer-tooling/postgres'
import type { SubjectKind, SubjectPlace } from './subjects.ts'

/** The longest that a server may go on with the work of a client that was killed. */
const PATIENCE_MS = 30_000
const PAUSE_MS = 5

export const postgresSubject: SubjectKind = {
  name: 'postgresql',
  packageName: '@coffer/postgres',
  async unavailable() {
    try {
      await using _server = await startPostgres()
      return undefined
    } catch (error) {
      if (error instanceof NoPostgresError) return error.message.split('\n')[0]
      throw error
    }
  },
  async start() {
    const server = await startPostgres({ durable: true })
    return {
      newPlace: async () => placeOf(server, await createDatabase(server)),
      [Symbol.asyncDispose]: () => server.stop(),
    }
  },
}

function placeOf(server: PostgresServer, database: TestDatabase): SubjectPlace {
  const { process } = server
  return {
    folder: undefined,
    config: ({ durability = 'power' } = {}) => ({
      type: 'postgresql',
      connectionString: database.url,
      durability,
    }),
    settled: () => sessionsEnded(database),
    crash: process && (() => process.restart('immediate')),
    remove: () => database.drop(),
  }
}

/** What a killed client has asked for may still be done, and it may be committed. */
async function sessionsEnded(database: TestDatabase): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const sessions = await database.sessions()
    if (sessions.length === 0) return
    if (performance.now() > deadline) {
      throw new Error(
        `${sessions.length} connections of killed processes have not ended: ${sessions[0]?.query}`,
      )
    }
    await pause(PAUSE_MS)
  }
}
