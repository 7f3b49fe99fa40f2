import pg from 'pg'
import { expect, test } from 'vitest'
import { dropSchema } from '../src/index.ts'
import { opened, rawConnection } from './backends.ts'
import { group, NOTES, put } from './layouts.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

async function filled(): Promise<{ connectionString: string; schema: string }> {
  const place = { connectionString: (await database()).url, schema: freshSchema() }
  const backend = await opened(place, [NOTES])
  await backend.write([group(put('a'))], 0)
  await backend.close()
  return place
}

async function isThere({ connectionString, schema }: { connectionString: string; schema: string }) {
  const raw = await rawConnection(connectionString)
  const { rowCount } = await raw.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
  return rowCount === 1
}

test('a schema goes with all that is in it, and one that is not there is no failure', async () => {
  const [place, other] = [await filled(), await filled()]
  await dropSchema(place)
  expect([await isThere(place), await isThere(other)]).toEqual([false, true])
  await dropSchema(place)
  await dropSchema(other)
})

test('the server is found by a pool too, which stays open', async () => {
  const place = await filled()
  const pool = new pg.Pool({ connectionString: place.connectionString })
  try {
    await dropSchema({ pool, schema: place.schema })
    expect(await isThere(place)).toBe(false)
    expect((await pool.query('SELECT 1')).rowCount).toBe(1)
  } finally {
    await pool.end()
  }
})

test('the server is found by a pool whose password stands apart', async () => {
  const place = await filled()
  const { hostname, port, username, password, pathname } = new URL(place.connectionString)
  const parts = { host: hostname, port: Number(port), user: username, database: pathname.slice(1) }
  const pool = new pg.Pool({ ...parts, password })
  try {
    await dropSchema({ pool, schema: place.schema })
  } finally {
    await pool.end()
  }
  expect(await isThere(place)).toBe(false)
})

test('no schema is removed that nobody has named', async () => {
  const { connectionString } = await filled()
  await expect(dropSchema({ connectionString } as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test("somebody else's schema is refused, and no password is shown", async () => {
  const { url, superuserUrl } = await database()
  const schema = freshSchema()
  const raw = await rawConnection(superuserUrl)
  await raw.query(`CREATE SCHEMA ${schema}`)
  const refused = await dropSchema({ connectionString: url, schema }).catch((error) => error)
  expect(refused).toMatchObject({ code: 'PERMISSION_DENIED' })
  expect(String(refused)).not.toContain(new URL(url).password)
  await raw.query(`DROP SCHEMA ${schema}`)
})
