/**
 * Every public method with the condition on the tenant taken out of its SQL: with row-level security the
 * tenants still never meet. Without it they do, or the conditions would not have been taken out.
 */

import {
  collectionCalls,
  everythingOf,
  happeningsOf,
  logCalls,
  STORE_HANDLES,
  storeCalls,
  unmapped,
} from '@coffer/conformance'
import type { BaseStore } from '@coffer/core'
import { createStore } from '@coffer/core'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

/** Stands in every record of the other tenant and nowhere else. */
const CANARY = 'canary-of-the-other-tenant'

/** A comparison of a tenant's column with whatever a statement compares it with. */
const CONDITION =
  /(?<![\w.])(?:\w+\.)?"?_?tenant"? = (?:ANY\((\$\d+)::text\[\]\)|(\$\d+)(?:::text)?|\w+\."?\w+"?)/g

/** A client that leaves the conditions on the tenant out of whatever it is asked; parameters keep their types. */
class ForgetfulClient extends pg.Client {
  static forgotten = 0

  override query(...parameters: unknown[]): never {
    const [config] = parameters
    if (
      typeof config === 'object' &&
      config !== null &&
      'text' in config &&
      !isSchemaWork(String(config.text))
    ) {
      const text = String(config.text).replace(CONDITION, (_all, list?: string, one?: string) => {
        ForgetfulClient.forgotten++
        if (list !== undefined) return `(${list}::text[] IS NOT NULL)`
        return one === undefined ? 'true' : `(${one}::text IS NOT NULL)`
      })
      return super.query({ ...config, text } as never) as never
    }
    return super.query(...(parameters as [never])) as never
  }
}

/** The policies themselves compare tenants. */
function isSchemaWork(text: string): boolean {
  return /^(?:CREATE|ALTER|DROP) /m.test(text)
}

/** Everything in the tables that is the other tenant's, past all policies and conditions. */
async function rowsOfOther(around: pg.Client, schema: string): Promise<string> {
  const known = await around.query(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'r'
      AND relname NOT LIKE '\\_coffer%' ORDER BY 1`,
  )
  const all = known.rows.map(
    ({ name }) =>
      `SELECT '${name}' AS name, to_jsonb(row) AS row FROM ${schema}."${name}" AS row WHERE _tenant = 'other'`,
  )
  const { rows } = await around.query(`${all.join(' UNION ALL ')} ORDER BY 1, 2`)
  expect(new Set(rows.map(({ name }) => name)).size, 'tables with rows').toBe(4)
  return JSON.stringify(rows)
}

async function fill(store: BaseStore): Promise<void> {
  const collection = everythingOf(store)
  for (const id of ['a', 'a-1', 'a-2', 'b', 'deleted'])
    await collection.put({ id, note: CANARY, tags: [CANARY] })
  await collection.update('b', { tags: [CANARY, CANARY] })
  await collection.delete('deleted')
  await happeningsOf(store).append('a', [
    { event_id: 'a-1', note: CANARY },
    { event_id: 'a-2', note: CANARY },
  ])
}

/** What went wrong while every method was called twice for one tenant, beside another that has the same keys. */
async function meetings(rowLevelSecurity: boolean) {
  const { url, createRole } = await database()
  const schema = freshSchema()
  const ordinary = createStore({ backend: postgres({ connectionString: url, schema, rowLevelSecurity }) })
  await fill(ordinary.tenant('other'))
  const around = new pg.Client({ connectionString: (await database()).superuserUrl })
  await around.connect()
  const before = await rowsOfOther(around, schema)
  const role = await createRole({ access: 'write' })
  const pool = new pg.Pool({ connectionString: role.url, max: 3, Client: ForgetfulClient })
  const store = createStore({ backend: postgres({ pool, schema, rowLevelSecurity }) })
  everythingOf(store)
  happeningsOf(store)
  await store.open()
  const own = store.tenant('own')
  const [collection, log] = [everythingOf(own), happeningsOf(own)]
  const calls: (readonly [name: string, call: () => Promise<unknown>])[] = [
    ...Object.entries(collectionCalls).map(([name, call]) => [name, () => call(collection, 'a')] as const),
    ...Object.entries(logCalls).map(([name, call]) => [`log ${name}`, () => call(log, 'a')] as const),
    ...Object.entries(storeCalls).map(([name, call]) => [`store ${name}`, () => call(own)] as const),
    ...Object.entries(collectionCalls).map(
      ([name, call]) =>
        [
          `${name} in a transaction`,
          () => own.transaction((inside) => call(everythingOf(inside), 'a')),
        ] as const,
    ),
  ]
  expect(unmapped(collection, collectionCalls), 'methods that no case calls').toEqual([])
  expect(unmapped(log, logCalls), 'methods that no case calls').toEqual([])
  const wrong: string[] = []
  const failed: string[] = []
  for (const [name, call] of [...calls, ...calls]) {
    const answer: unknown = await call().catch((error: Error) => {
      failed.push(`${name}: ${error.message}`)
      return [error.message, error]
    })
    if (JSON.stringify(answer ?? null).includes(CANARY)) wrong.push(`${name} shows it`)
    if ((await rowsOfOther(around, schema)) !== before) {
      wrong.push(`${name} changes it`)
      if (!rowLevelSecurity) break
    }
  }
  await around.end()
  await store.close()
  await ordinary.close()
  await pool.end()
  return { wrong, failed }
}

describe('with the conditions on the tenant taken out of every statement', () => {
  test('row-level security keeps the tenants apart, in every method', async () => {
    ForgetfulClient.forgotten = 0
    const { wrong, failed } = await meetings(true)
    expect(wrong).toEqual([])
    // The same entry for the second time. All else works without the conditions.
    expect(failed).toEqual([expect.stringMatching(/^log append: .*there already is another entry/)])
    expect(ForgetfulClient.forgotten).toBeGreaterThan(100)
  })

  test('without it they meet', async () => {
    const { wrong } = await meetings(false)
    expect(wrong).toEqual(expect.arrayContaining([expect.stringMatching(/shows it|changes it/)]))
  })

  test('no method of a store is left out', async () => {
    const store = createStore({ backend: postgres() })
    expect(unmapped(store, storeCalls, STORE_HANDLES)).toEqual([])
    await store.close()
  })
})
