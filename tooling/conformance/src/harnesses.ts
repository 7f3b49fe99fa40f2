/** The backends of this repository, each with places to be tried in. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withCache } from '@coffer/cache'
import type { Harness } from '@coffer/conformance'
import { memory } from '@coffer/memory'
import { sqlite } from '@coffer/sqlite'
import type { ServerAddress } from '@coffer-tooling/postgres'
import Database from 'better-sqlite3'
import * as z from 'zod'
import { fileHarness } from './file-harness.ts'
import { postgresHarness } from './postgres-harness.ts'

/** A file system in memory, where there is one: what a power cut leaves is not the suite's business. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const memoryHarness: Harness = {
  name: 'memory',
  capabilities: memory().capabilities,
  create: async () => ({ backend: () => memory(), withCache, destroy: async () => undefined }),
}

const sqliteMemoryHarness: Harness = {
  name: 'sqlite-memory',
  capabilities: sqlite({ path: ':memory:' }).capabilities,
  create: async () => ({
    backend: () => sqlite({ path: ':memory:' }),
    withCache,
    destroy: async () => undefined,
  }),
}

const sqliteHarness: Harness = {
  name: 'sqlite',
  capabilities: sqlite({ path: 'nowhere.db' }).capabilities,
  create: async () => {
    const directory = await mkdtemp(join(BASE, 'coffer-conformance-'))
    const path = join(directory, 'test.db')
    return {
      backend: () => sqlite({ path }),
      withCache,
      tamper: async (collection, id, change) => tamper(path, collection, id, change),
      newerFormat: async () =>
        around(path, (database) => {
          database.exec("update _coffer_meta set version = version + 1 where key = 'format'")
        }),
      destroy: () => rm(directory, { recursive: true, force: true }),
    }
  },
}

/** A harness whose places share something that has to be taken away after the last of them. */
export interface EndingHarness extends Harness {
  /** Every place is destroyed. Throws when something was left behind, such as a connection. */
  end?(): Promise<void>
}

/** The backends that are reported on. */
export const harnessNames = ['memory', 'file', 'sqlite', 'sqlite-memory', 'postgresql'] as const

/** A backend that is reported on. */
export type HarnessName = (typeof harnessNames)[number]

/**
 * The harness of each backend.
 *
 * @param server where PostgreSQL is; asked when the first place on it is made
 */
export function harnesses(
  server: () => Promise<ServerAddress>,
): Readonly<Record<HarnessName, EndingHarness>> {
  return {
    memory: memoryHarness,
    file: fileHarness(BASE),
    sqlite: sqliteHarness,
    'sqlite-memory': sqliteMemoryHarness,
    postgresql: postgresHarness(server),
  }
}

/** Also where triggers keep rows from being changed: whoever has the file can take them away. */
function tamper(path: string, collection: string, id: string, change: (document: string) => string): void {
  around(path, (database) => {
    const triggers = database
      .prepare("select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?")
      .all(collection)
      .map((row) => triggerRow.parse(row))
    for (const { name } of triggers) database.exec(`drop trigger "${name}"`)
    const { _doc } = documentRow.parse(
      database.prepare(`select _doc from "${collection}" where _id = ?`).get(id),
    )
    database.prepare(`update "${collection}" set _doc = ? where _id = ?`).run(change(_doc), id)
    for (const { sql } of triggers) database.exec(sql)
  })
}

const triggerRow = z.object({ name: z.string(), sql: z.string() })
const documentRow = z.object({ _doc: z.string() })

function around(path: string, run: (database: Database.Database) => void): void {
  const database = new Database(path)
  try {
    database.transaction(() => run(database)).immediate()
  } finally {
    database.close()
  }
}
