/** No password and no stored value leaves in an error, in whatever form, or in an event. */

import { channel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import type { PostgresOptions } from '@coffer/core/backend'
import { tcpProxy } from '@coffer-tooling/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { type NoteStore, noteStore, notes, query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

const PASSWORD = 'canary-Pa55/word'
const VALUE = 'canary-value'

/** Everything that could be written down of an error, its causes included. */
function everythingOf(error: unknown): string {
  const told: string[] = []
  for (let each = error; each instanceof Error; each = each.cause) {
    told.push(
      each.message,
      each.stack ?? '',
      String(each),
      JSON.stringify(each),
      JSON.stringify(Object.entries(each)),
    )
    for (const name of Reflect.ownKeys(each))
      told.push(inspect(Reflect.get(each, name), { depth: 10, showHidden: true }))
  }
  return [...told, inspect(error, { depth: 10, showHidden: true, getters: true })].join('\n')
}

/** The errors of calls, and the events that were told meanwhile. */
async function toldBy(calls: readonly (() => Promise<unknown>)[]) {
  const events: unknown[] = []
  const listen = (event: unknown) => events.push(event)
  const channels = ['operation', 'batch', 'transaction', 'cleanup'].map((name) => channel(`coffer:${name}`))
  for (const each of channels) each.subscribe(listen)
  const errors: unknown[] = []
  for (const call of calls) await call().catch((error: unknown) => errors.push(error))
  for (const each of channels) each.unsubscribe(listen)
  return { errors, events }
}

async function expectSilent(options: PostgresOptions, secret: string): Promise<void> {
  const store = noteStore(options)
  const { errors, events } = await toldBy([
    () => store.open(),
    () => store.collection(notes).put({ id: 'a' }),
    () => store.collection(notes).find(),
    () => store.transaction((inside) => inside.collection(notes).get('a')),
    () => store.cleanupExpired(),
    () => store.close(),
  ])
  expect(errors, 'every one of them fails').toHaveLength(5)
  for (const error of errors) expect(everythingOf(error)).not.toMatch(secretPattern(secret))
  expect(inspect(store, { depth: 10 })).not.toMatch(secretPattern(secret))
  expect(events.length).toBeGreaterThan(0)
  expect(inspect(events, { depth: 10 })).not.toMatch(secretPattern(secret))
}

/** The secret as it is, percent-encoded, and in base64. */
function secretPattern(secret: string): RegExp {
  const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
  return new RegExp(forms.map((form) => form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'))
}

/** The address of this file's database with another password, user or port. */
async function partsOfDatabase() {
  const { hostname: host, port, username: user, pathname } = new URL((await database()).url)
  return { host, port: Number(port), user, database: pathname.slice(1) }
}

/** What can go wrong while connecting. */
const faults: Readonly<
  Record<
    string,
    (parts: Awaited<ReturnType<typeof partsOfDatabase>>) => Partial<typeof parts> & { ssl?: true }
  >
> = {
  'a password that is wrong': () => ({}),
  'a user that there is not': () => ({ user: 'nobody' }),
  'a host that there is not': () => ({ host: 'nowhere.invalid' }),
  'a port at which nobody listens': () => ({ port: 1 }),
  'TLS that the server does not speak': () => ({ ssl: true }),
}

describe.each(Object.keys(faults))('%s', (fault) => {
  const partsWith = async () => {
    const parts = await partsOfDatabase()
    return { ...parts, ...faults[fault]?.(parts) }
  }
  test('and a password on its own', async () => {
    await expectSilent({ ...(await partsWith()), password: PASSWORD }, PASSWORD)
  })
  test('and a password that is asked for', async () => {
    await expectSilent({ ...(await partsWith()), password: async () => PASSWORD }, PASSWORD)
  })
  test('and a password in an address', async () => {
    const { host, port, user, database: name, ssl } = await partsWith()
    const address = `postgres://${user}:${encodeURIComponent(PASSWORD)}@${host}:${port}/${name}`
    await expectSilent({ connectionString: address, ...(ssl && { ssl }) }, PASSWORD)
    await expectSilent({ connectionString: `${address}?sslrootcert=/nowhere` }, PASSWORD)
  })
  test('and a password of a lent pool', async () => {
    const pool = new pg.Pool({ ...(await partsWith()), password: PASSWORD })
    await expectSilent({ pool }, PASSWORD)
    await pool.end()
  })
})

test('a password function that fails tells its own message and nothing else of its error', async () => {
  const password = () => Promise.reject(Object.assign(new Error('the vault is sealed'), { token: PASSWORD }))
  await expectSilent({ ...(await partsOfDatabase()), password }, PASSWORD)
})

test.each([
  'connectionString',
  'password',
  'host',
  'user',
  'schema',
  'applicationName',
  'readReplica',
  'nonsense',
])('a refused option %s does not show what it held', (name) => {
  const wrong = name === 'password' ? { [PASSWORD]: PASSWORD } : `${PASSWORD}\0`
  const options = { [name]: wrong } as PostgresOptions
  let refusal: unknown
  try {
    noteStore(options)
  } catch (error) {
    refusal = error
  }
  expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(everythingOf(refusal)).not.toMatch(secretPattern(PASSWORD))
})

describe('values of records', () => {
  const record = { id: VALUE, note: VALUE, tags: [VALUE], rank: 7 }
  const ways: Readonly<Record<string, (store: NoteStore) => Promise<unknown>>> = {
    put: (store) => store.collection(notes).put(record),
    putMany: (store) => store.collection(notes).putMany([record, { ...record, id: `${VALUE}-2` }]),
    insert: (store) => store.collection(notes).insert(record),
    update: (store) => store.collection(notes).update('there', { note: VALUE }),
    'a transaction': (store) => store.transaction((inside) => inside.collection(notes).put(record)),
  }
  /** Things that somebody else has put on the tables, each of which makes the server quote the row. */
  const obstacles: Readonly<Record<string, (schema: string) => readonly string[]>> = {
    'a constraint': (schema) => [`ALTER TABLE ${schema}.notes ADD CHECK (note <> '${VALUE}')`],
    'a unique index': (schema) => [
      `CREATE UNIQUE INDEX ON ${schema}.notes ((1)) WHERE note = '${VALUE}' OR _id = 'there'`,
    ],
    'a foreign key': (schema) => [
      `CREATE TABLE ${schema}.known (note text PRIMARY KEY)`,
      `ALTER TABLE ${schema}.notes ADD FOREIGN KEY (note) REFERENCES ${schema}.known`,
    ],
    'a trigger': (schema) => [
      `CREATE FUNCTION ${schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no %', NEW._doc USING ERRCODE = 'CA123', DETAIL = NEW._id, HINT = NEW.note; END $$`,
      `CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${schema}.notes FOR EACH ROW EXECUTE FUNCTION ${schema}.refuse()`,
    ],
    'a cast that fails': (schema) => [`CREATE INDEX ON ${schema}.notes ((note::int)) WHERE note IS NOT NULL`],
    'a table that is gone': (schema) => [`DROP TABLE ${schema}.notes CASCADE`],
    'a history that is gone': (schema) => [`ALTER TABLE ${schema}.notes_history RENAME TO moved`],
  }

  test.each(Object.keys(obstacles))('%s', async (obstacle) => {
    const { url } = await database()
    for (const pooler of [undefined, 'transaction'] as const) {
      const schema = freshSchema()
      await using store = noteStore({ connectionString: url, schema, ...(pooler && { pooler }) })
      await store.collection(notes).put({ id: 'there' })
      const [history] = await query(
        url,
        `SELECT relname AS name FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'r' AND relname ~ '^notes.'`,
      )
      const statements = obstacles[obstacle]?.(schema) ?? []
      await query(url, ...statements.map((text) => text.replace('notes_history', `"${history?.name}"`)))
      const { errors, events } = await toldBy(Object.values(ways).map((way) => () => way(store)))
      // The unique index lets the one record be changed that is in it.
      expect(errors).toHaveLength(Object.keys(ways).length - (obstacle === 'a unique index' ? 1 : 0))
      for (const error of errors) {
        // The error names the key that the caller gave, and nothing else that was stored.
        expect(everythingOf(error).replaceAll(JSON.stringify([VALUE]), '')).not.toMatch(/canary/)
        expect(error).toMatchObject({ backend: 'postgresql' })
      }
      expect(inspect(events, { depth: 10 })).not.toMatch(/canary/)
    }
  })

  test('a connection that breaks with a record on its way', async () => {
    const { url } = await database()
    await using proxy = await tcpProxy(url)
    await using store = noteStore({ connectionString: proxy.url(url), schema: freshSchema() })
    await store.collection(notes).put({ id: 'there' })
    for (const way of Object.values(ways)) {
      proxy.trap({ from: 'client', contains: VALUE, moment: 'after' })
      const { errors } = await toldBy([() => way(store)])
      expect(errors).toHaveLength(1)
      expect(everythingOf(errors[0])).not.toMatch(/canary/)
    }
  })
})
