import { createDatabase as createTestDatabase, type TestDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase } from '../src/index.ts'

let database: TestDatabase
let client: pg.Client
let name: string

beforeEach(async () => {
  database = await createTestDatabase(sharedServer())
  name = `${database.name} "made"`
  client = new pg.Client(database.superuserUrl)
  await client.connect()
})

afterEach(async () => {
  await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)}`)
  await client.end()
  await database.drop()
})

function address(url: string): string {
  const wanted = new URL(url)
  wanted.pathname = `/${encodeURIComponent(name)}`
  return wanted.href
}

describe('createDatabase', () => {
  test('makes the database of an address, once', async () => {
    const connectionString = `${address(database.superuserUrl)}?application_name=mine`
    expect(await createDatabase({ connectionString })).toBe(true)
    expect(await createDatabase({ connectionString })).toBe(false)
    const there = new pg.Client(connectionString)
    await there.connect()
    await there.end()
  })

  test('makes the database that is named by parts', async () => {
    const { hostname, port, username, password } = new URL(database.superuserUrl)
    const server = { host: hostname, port: Number(port), user: username, password }
    expect(await createDatabase({ ...server, database: name })).toBe(true)
  })

  test('makes it once for many at a time', async () => {
    const connectionString = address(database.superuserUrl)
    const made = await Promise.all([1, 2, 3].map(() => createDatabase({ connectionString })))
    expect(made.filter((each) => each)).toHaveLength(1)
  })

  test('fails without the right, and shows no password', async () => {
    const refused = await createDatabase({ connectionString: address(database.url) }).catch((error) => error)
    expect(refused).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(String(refused)).not.toContain(new URL(database.url).password)
  })
})
