/** Places for stores: each a schema of its own, in the database of the test file. */

import type { Place } from '@coffer/conformance'
import type { PostgresOptions } from '@coffer/core/backend'
import { createDatabase, type TestDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import pg from 'pg'
import { afterAll } from 'vitest'
import { postgres } from '../src/index.ts'

/** The database of this test file, made when it is first asked for. That nothing leaks is seen when it is dropped. */
export function fileDatabase(): () => Promise<TestDatabase> {
  let database: Promise<TestDatabase> | undefined
  afterAll(async () => {
    await (await database)?.drop()
  })
  return () => {
    database ??= createDatabase(sharedServer())
    return database
  }
}

let schemas = 0

/** A name that no other place has. */
export function freshSchema(): string {
  schemas++
  return `place_${schemas}`
}

/** A place in the database, as the conformance suite wants it. */
export function placeIn(database: TestDatabase, options: PostgresOptions = {}): Place {
  const schema = freshSchema()
  const own: PostgresOptions = { ...options, connectionString: database.url, schema, max: 4 }
  return {
    backend: () => postgres(own),
    tamper: (collection, id, change) =>
      around(database, async (client) => {
        const table = `"${schema}"."${collection}"`
        await client.query('SET session_replication_role = replica')
        await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
        const { rows } = await client.query(`SELECT _doc::text AS document FROM ${table} WHERE _id = $1`, [
          id,
        ])
        await client.query(`UPDATE ${table} SET _doc = $1 WHERE _id = $2`, [change(rows[0].document), id])
        await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER USER`).catch(() => undefined)
      }),
    newerFormat: () =>
      around(database, async (client) => {
        await client.query(`UPDATE "${schema}"._coffer_meta SET version = version + 1 WHERE key = 'format'`)
      }),
    lent: async () => {
      const pool = new pg.Pool({ connectionString: database.url, max: 3, allowExitOnIdle: true })
      return {
        backend: postgres({ pool, schema }),
        works: async () => {
          const { rows } = await pool.query('SELECT 1 AS one')
          await pool.end()
          return rows[0].one === 1
        },
      }
    },
    destroy: async () => undefined,
  }
}

async function around(database: TestDatabase, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: database.superuserUrl })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
