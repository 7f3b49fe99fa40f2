/** PostgreSQL as the rigs open it: a server for the run of a rig, a database for each place. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createStore, isStoreError } from '@coffer/core'
import { fieldlessLayout } from '@coffer/core/backend'
import {
  createDatabase,
  NoPostgresError,
  type PostgresServer,
  type StartOptions,
  startPostgres,
  type TestDatabase,
} from '@coffer-tooling/postgres'
import type { SubjectKind, SubjectPlace } from './subjects.ts'

/** The longest that a server may go on with the work of a client that was killed. */
const PATIENCE_MS = 30_000
const PAUSE_MS = 5

/** Where clients alone are killed, the server need not wait for its disk. */
export const postgresSubject: SubjectKind = postgresKind({})

/** A server that may crash. */
export const durablePostgres: SubjectKind = postgresKind({ durable: true })

/** One that its own programs know, `pg_dump` and `pg_restore`: the server that is installed together with them. */
export const postgresWithPrograms: SubjectKind = postgresKind({ kind: 'system' }, whyNotDumped)

/** @param refuse why a server that is there is none for the rigs; `undefined` when it is */
function postgresKind(
  options: StartOptions,
  refuse: (server: PostgresServer) => Promise<string | undefined> = async () => undefined,
): SubjectKind {
  /** Whoever asked whether there is a server has one running already, for the first who wants it. */
  let waiting: Promise<PostgresServer> | undefined
  return {
    name: 'postgresql',
    packageName: '@coffer/postgres',
    async unavailable() {
      try {
        waiting ??= startPostgres(options)
        const server = await waiting
        const reason = await refuse(server)
        if (reason === undefined) return undefined
        waiting = undefined
        await server.stop()
        return reason
      } catch (error) {
        waiting = undefined
        if (error instanceof NoPostgresError) return error.message.split('\n')[0]
        throw error
      }
    },
    async start() {
      const starting = waiting ?? startPostgres(options)
      waiting = undefined
      const server = await starting
      return {
        newPlace: async () => placeOf(server, await createDatabase(server)),
        [Symbol.asyncDispose]: () => server.stop(),
      }
    },
  }
}

/** Dumps an empty database. */
async function whyNotDumped(server: PostgresServer): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-dump-'))
  await using database = await createDatabase(server)
  await using store = createStore({ type: 'postgresql', connectionString: database.url })
  try {
    await store.place().make([fieldlessLayout('dumped')])
    await store.place().nativeBackup(join(folder, 'dump'))
    return undefined
  } catch (error) {
    if (isStoreError(error, 'UNSUPPORTED')) return error.message
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
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
