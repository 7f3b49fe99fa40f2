import { describe, expect, test, vi } from 'vitest'
import { createDatabase, LeakedSessionsError, prepareTemplate } from '../src/index.ts'
import { sharedServer } from '../src/shared-server.ts'
import { connected } from './clients.ts'

const server = sharedServer()

/** Runs one statement over a connection of its own, which is closed before the answer is given. */
async function ask(url: string, text: string): Promise<readonly unknown[]> {
  const client = await connected(url)
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

describe('a database', () => {
  test('is empty, in UTF-8 and the C locale, and belongs to a role that is no superuser', async () => {
    await using database = await createDatabase(server)
    expect(
      await ask(
        database.url,
        `SELECT current_database() AS name, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls AS mighty,
                datdba = oid AS owner, datcollate, pg_encoding_to_char(encoding) AS encoding,
                (SELECT count(*)::int FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS relations
           FROM pg_roles JOIN (SELECT datname, datdba, datcollate, encoding FROM pg_database) d
             ON datname = current_database()
          WHERE rolname = current_user`,
      ),
    ).toEqual([
      { name: database.name, mighty: false, owner: true, datcollate: 'C', encoding: 'UTF8', relations: 0 },
    ])
    await ask(database.url, 'CREATE SCHEMA own CREATE TABLE own.notes (id text)')
  })

  test('has a superuser for going around', async () => {
    await using database = await createDatabase(server)
    expect(
      await ask(
        database.superuserUrl,
        `SELECT current_setting('is_superuser') AS is, current_database() AS name`,
      ),
    ).toEqual([{ is: 'on', name: database.name }])
  })

  test('is one of its own among many made at once', async () => {
    const databases = await Promise.all(Array.from({ length: 8 }, () => createDatabase(server)))
    expect(new Set(databases.map(({ name }) => name)).size).toBe(8)
    await Promise.all(databases.map((database) => database.drop()))
  })

  test('can have another order of text than its columns must have', async () => {
    await using database = await createDatabase(server, { icuLocale: 'en-US' })
    expect(
      await ask(database.url, `SELECT 'a' < 'B' AS by_default, 'a' < 'B' COLLATE "C" AS by_bytes`),
    ).toEqual([{ by_default: true, by_bytes: false }])
  })

  test('is gone after drop, with its roles; drop may come twice', async () => {
    const database = await createDatabase(server)
    const reader = await database.createRole({ access: 'read' })
    await database.drop()
    await database.drop()
    expect(
      await ask(
        server.url,
        `SELECT datname FROM pg_database WHERE datname = '${database.name}'
         UNION ALL SELECT rolname FROM pg_roles WHERE rolname IN ('${database.owner.name}', '${reader.name}')`,
      ),
    ).toEqual([])
  })
})

describe('a leak', () => {
  test('is told by name, state and last query, and the database stays until it is mended', async () => {
    const database = await createDatabase(server)
    const idle = await connected(database.url, { application_name: 'the idle one' })
    await idle.query('SELECT 42')
    const inTransaction = await connected(database.url, { application_name: 'the busy one' })
    await inTransaction.query('BEGIN')
    const refusal = await database.drop().catch((cause: unknown) => cause)
    expect(refusal).toBeInstanceOf(LeakedSessionsError)
    expect(String(refusal)).toContain(`2 connections to database ${database.name} are still open`)
    expect(String(refusal)).toMatch(/idle: application_name 'the idle one', user .*, last query: SELECT 42/)
    expect(String(refusal)).toMatch(
      /idle in transaction: application_name 'the busy one'.* last query: BEGIN/,
    )
    expect(await database.sessions()).toHaveLength(2)
    await idle.end()
    await inTransaction.end()
    await database.drop()
  })

  test('is not a backend that is just ending', async () => {
    const database = await createDatabase(server)
    const clients = await Promise.all(Array.from({ length: 10 }, () => connected(database.url)))
    for (const client of clients) client.connection.stream.destroy()
    await database.drop()
  })
})

describe('roles', () => {
  test('may do what their access says', async () => {
    await using database = await createDatabase(server)
    await ask(database.url, `CREATE SCHEMA own; CREATE TABLE own.notes (id text)`)
    const insert = `INSERT INTO own.notes VALUES ('a')`
    const [none, reader, writer] = await Promise.all(
      (['none', 'read', 'write'] as const).map((access) => database.createRole({ access })),
    )
    await ask(writer?.url ?? '', insert)
    expect(await ask(writer?.url ?? '', 'SELECT * FROM own.notes')).toEqual([{ id: 'a' }])
    expect(await ask(reader?.url ?? '', 'SELECT * FROM own.notes')).toEqual([{ id: 'a' }])
    await expect(ask(reader?.url ?? '', insert)).rejects.toThrow('permission denied')
    await expect(ask(none?.url ?? '', 'SELECT * FROM own.notes')).rejects.toThrow('permission denied')
    await expect(ask(writer?.url ?? '', 'DROP TABLE own.notes')).rejects.toThrow('must be owner')
  })

  test('are bound by row-level security, but for those who are made to bypass it', async () => {
    await using database = await createDatabase(server)
    await ask(
      database.url,
      `CREATE TABLE notes (id text); INSERT INTO notes VALUES ('a'); ALTER TABLE notes ENABLE ROW LEVEL SECURITY`,
    )
    const bound = await database.createRole({ access: 'write' })
    const free = await database.createRole({ access: 'write', bypassesRowSecurity: true })
    expect(await ask(bound.url, 'SELECT * FROM notes')).toEqual([])
    expect(await ask(free.url, 'SELECT * FROM notes')).toEqual([{ id: 'a' }])
  })
})

describe('a template', () => {
  test('is prepared once for all who ask at once, and copied', async () => {
    const prepare = vi.fn(async (url: string) => {
      await ask(url, `CREATE TABLE prepared AS SELECT 1 AS one; GRANT SELECT ON prepared TO PUBLIC`)
    })
    const names = await Promise.all(
      Array.from({ length: 6 }, () => prepareTemplate(server, 'shared', prepare)),
    )
    expect(new Set(names).size).toBe(1)
    expect(prepare).toHaveBeenCalledTimes(1)
    await using database = await createDatabase(server, { template: names[0] ?? '' })
    expect(await ask(database.url, 'SELECT one FROM prepared')).toEqual([{ one: 1 }])
  })

  test('whose preparation failed is prepared anew', async () => {
    const fail = () => Promise.reject(new Error('no luck'))
    await expect(prepareTemplate(server, 'unlucky', fail)).rejects.toThrow('no luck')
    const name = await prepareTemplate(server, 'unlucky', async (url) => {
      await ask(url, 'CREATE TABLE lucky ()')
    })
    await using database = await createDatabase(server, { template: name })
    expect(await ask(database.url, `SELECT to_regclass('lucky') IS NOT NULL AS there`)).toEqual([
      { there: true },
    ])
  })

  test('has a key of plain letters', async () => {
    await expect(prepareTemplate(server, 'a"b', async () => undefined)).rejects.toThrow('not a key')
  })
})
