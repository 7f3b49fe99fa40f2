/** The rival by hand: `pg` with the table that Coffer makes, and statements prepared by name. */

import { Client, Pool } from 'pg'
import { MAX_CONNECTIONS } from './postgres-place.ts'
import { type BulkWay, bulkPut } from './raw-postgres-bulk.ts'
import { CONSTANTS, CREATE_TABLE, INSERT, ON_CONFLICT, TENANT } from './raw-postgres-table.ts'
import type { Rival } from './rival.ts'
import type { Step } from './step.ts'

/** A hand-written table of steps. */
export interface RawPostgres extends Rival {
  /** The first page of a session's steps, by time. */
  page(session: string, limit: number): Promise<unknown[]>
}

/** Opens one connection; how `putMany` works is the caller's choice. */
export async function openRawClient(url: string, way: BulkWay = 'recordset'): Promise<RawPostgres> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(CREATE_TABLE)
  const putMany = await bulkPut(client, way)
  return { ...statements(client), putMany, close: () => client.end() }
}

/** Opens a pool, for many callers at once. */
export async function openRawPool(url: string): Promise<RawPostgres> {
  const pool = new Pool({ connectionString: url, max: MAX_CONNECTIONS })
  await pool.query(CREATE_TABLE)
  const putMany = async (steps: readonly Step[]) => {
    const client = await pool.connect()
    try {
      await (await bulkPut(client, 'recordset'))(steps)
    } finally {
      client.release()
    }
  }
  return { ...statements(pool), putMany, close: () => pool.end() }
}

function statements(connection: Client | Pool): Omit<RawPostgres, 'putMany' | 'close'> {
  return {
    put: (step) =>
      connection.query({
        name: 'put',
        text: `${INSERT} VALUES ($1, $2, $3, $4, $5, ${CONSTANTS}) ${ON_CONFLICT}`,
        values: [step.step_id, step.session_id, step.kind, step.at, JSON.stringify(step)],
      }),
    get: async (id) => {
      const { rows } = await connection.query<{ _doc: unknown }>({
        name: 'get',
        text: 'SELECT _doc FROM steps WHERE _tenant = $1 AND _id = $2',
        values: [TENANT, id],
      })
      return rows[0]?._doc
    },
    page: async (session, limit) => {
      const { rows } = await connection.query<{ _doc: unknown }>({
        name: 'page',
        text: PAGE,
        values: [TENANT, session, limit],
      })
      return rows.map(({ _doc }) => _doc)
    },
  }
}

const PAGE = `
  SELECT _doc FROM steps
  WHERE _tenant = $1 AND session_id = $2 AND _deleted_at IS NULL
  ORDER BY at, _id LIMIT $3`
