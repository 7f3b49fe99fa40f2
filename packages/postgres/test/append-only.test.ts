/** Tables whose rows nobody changes: not their owner, not a superuser who replays a log. Coffer itself, for a new form. */

import { tcpProxy } from '@coffer-tooling/postgres'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { backendFor, opened, rawConnection } from './backends.ts'
import { AT, AUDIT, entry, group, LATER_AUDIT } from './layouts.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

interface Place {
  readonly connectionString: string
  readonly schema: string
}

async function audited(): Promise<Place> {
  const place = { connectionString: (await database()).url, schema: freshSchema() }
  const backend = await opened(place, [AUDIT])
  const entries = Array.from({ length: 20 }, (_, index) => entry(`e${index}`))
  expect(await backend.write([group(...entries)], AT)).toMatchObject([{ ok: true }])
  return place
}

async function expectRefusals(client: pg.Client, { schema }: Place): Promise<void> {
  const table = `"${schema}".audit`
  const before = (await client.query(`SELECT * FROM ${table} ORDER BY _id`)).rows
  expect(before).toHaveLength(20)
  for (const change of [
    `UPDATE ${table} SET _version = 2`,
    `UPDATE ${table} SET _doc = '{}' WHERE _id = 'e7'`,
    `DELETE FROM ${table} WHERE _id = 'e7'`,
    `TRUNCATE ${table}`,
    `INSERT INTO ${table} SELECT * FROM ${table} ON CONFLICT (_tenant, _id) DO UPDATE SET _version = 2`,
  ]) {
    await expect(client.query(change)).rejects.toMatchObject({ code: '0A000' })
  }
  expect((await client.query(`SELECT * FROM ${table} ORDER BY _id`)).rows).toEqual(before)
}

test('changes are refused to the owner, and to a superuser under session_replication_role', async () => {
  const place = await audited()
  const owner = await rawConnection(place.connectionString)
  await expectRefusals(owner, place)
  const superuser = await rawConnection((await database()).superuserUrl)
  await expectRefusals(superuser, place)
  await superuser.query('SET session_replication_role = replica')
  await expectRefusals(superuser, place)
})

const ROW = { tenant: 't', id: 'e7', version: 1, document: '{"n":2}', fields: [3, 'calm', []], hash: null }

test('rows are rewritten for a new form by Coffer alone, and guarded afterwards', async () => {
  const place = await audited()
  const backend = backendFor(place)
  expect(await backend.open([LATER_AUDIT])).toEqual(['audit'])
  const owner = await rawConnection(place.connectionString)
  await expectRefusals(owner, place)
  await backend.reindex(LATER_AUDIT, [ROW], false)
  await expectRefusals(owner, place)
  await backend.reindex(LATER_AUDIT, [], true)
  expect(await backend.read(LATER_AUDIT, [ROW])).toMatchObject([{ version: 1, document: '{"n": 2}' }])
})

test('a rewriting that dies anywhere leaves the guards where they are', async () => {
  const place = await audited()
  await opened(place, [LATER_AUDIT])
  const owner = await rawConnection(place.connectionString)
  await using proxy = await tcpProxy(place.connectionString)
  for (const contains of ['BEGIN', 'DISABLE TRIGGER', 'calm', 'ENABLE ALWAYS', 'COMMIT']) {
    for (const moment of ['before', 'after'] as const) {
      const backend = postgres({ ...place, connectionString: proxy.url(place.connectionString) })
      await backend.open([LATER_AUDIT])
      const trap = proxy.trap({ from: 'client', contains, moment })
      await expect(backend.reindex(LATER_AUDIT, [ROW], false)).rejects.toThrow()
      expect(trap.isSprung).toBe(true)
      await expectRefusals(owner, place)
      await backend.close()
    }
  }
})

test('a rewriting waits for a writer, and lets others write meanwhile', async () => {
  const place = await audited()
  const backend = await opened(place, [LATER_AUDIT])
  const table = `"${place.schema}".audit`
  const [writer, other] = [
    await rawConnection(place.connectionString),
    await rawConnection(place.connectionString),
  ]
  const append = (id: string) =>
    `INSERT INTO ${table} (mood, score, tags, _tenant, _id, _version, _schema_version, _created_at, _updated_at, _doc)
      VALUES ('', 0, '{}', 't', '${id}', 1, 2, now(), now(), '{}')`
  await writer.query(`BEGIN; ${append('held')}`)
  const rewriting = backend.reindex(LATER_AUDIT, [ROW], false)
  let slowest = 0
  for (let count = 0; slowest < 500; count++) {
    const start = performance.now()
    await other.query(append(`beside${count}`))
    slowest = performance.now() - start
  }
  expect(slowest).toBeLessThan(3_000)
  expect(await backend.read(LATER_AUDIT, [ROW])).not.toMatchObject([{ document: ROW.document }])
  await writer.query('COMMIT')
  await rewriting
  expect(await backend.read(LATER_AUDIT, [ROW])).toMatchObject([{ document: '{"n": 2}' }])
})
