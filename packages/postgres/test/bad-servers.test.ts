/** Servers that are not there, or not as they should be: each is told by its code, with what to do about it. */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { isStoreError } from '@coffer/core'
import type { ErrorCode, PostgresOptions } from '@coffer/core/backend'
import { startPgBouncer, tcpProxy } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { resolveOptions } from '../src/options.ts'
import { checkServer } from '../src/schema-state.ts'
import type { Command, Session } from '../src/session.ts'
import { noteStore, notes, prepareNotes, query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

/** Opening, and the first use of a store that was not opened, are refused alike, twice, and closing is not. */
async function expectRefused(options: PostgresOptions, code: ErrorCode, message: RegExp): Promise<void> {
  const store = noteStore(options)
  try {
    const calls = [
      () => store.open(),
      () => store.collection(notes).put({ id: 'a' }),
      () => store.collection(notes).get('a'),
      () => store.transaction((inside) => inside.collection(notes).get('a')),
    ]
    for (const call of calls) {
      const refusal: unknown = await call().then(
        () => 'nothing was refused',
        (error: unknown) => error,
      )
      expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) })
      expect(isStoreError(refusal)).toBe(true)
    }
  } finally {
    await store.close()
  }
}

/** The database's address with some of it changed. */
async function addressWith(change: (url: URL) => void): Promise<string> {
  const url = new URL((await database()).url)
  change(url)
  return url.href
}

/** A server that is no PostgreSQL. */
async function strangeServer(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => answer(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('servers that can not be reached', () => {
  test('a host that there is not', async () => {
    await expectRefused(
      { host: 'nowhere.invalid' },
      'UNAVAILABLE',
      /host.*check `host` \((?:ENOTFOUND|EAI_AGAIN)\)/,
    )
  })
  test('a port at which nobody listens', async () => {
    const { port, [Symbol.asyncDispose]: close } = await strangeServer(() => undefined)
    await close()
    const refusal = /start PostgreSQL, or check host and port \(ECONNREFUSED\)/
    await expectRefused({ host: '127.0.0.1', port }, 'UNAVAILABLE', refusal)
    await expectRefused({ host: 'localhost', port }, 'UNAVAILABLE', refusal)
  })
  test('a folder without a socket', async () => {
    await expectRefused({ host: '/nowhere' }, 'UNAVAILABLE', /no socket of a server: start PostgreSQL/)
  })
  test('one that takes the connection and never answers', async () => {
    await using silent = await strangeServer(() => undefined)
    const options = { host: '127.0.0.1', port: silent.port, connectTimeoutMs: 100 }
    await expectRefused(options, 'TIMEOUT', /within connectTimeoutMs: try again/)
  })
  test('something else than PostgreSQL', async () => {
    await using web = await strangeServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expectRefused({ host: '127.0.0.1', port: web.port }, 'UNAVAILABLE', /try again|check host and port/)
    await using babble = await strangeServer((socket) => socket.end(Buffer.from([0x30, 0, 0, 0, 4])))
    await expectRefused({ host: '127.0.0.1', port: babble.port }, 'UNAVAILABLE', /check host and port/)
  })
  test('one without TLS where it was asked for', async () => {
    const { url } = await database()
    await expectRefused(
      { connectionString: url, ssl: true },
      'UNSUPPORTED',
      /set `ssl` to false, or turn it on/,
    )
  })
  test('a lent pool that was ended', async () => {
    const pool = new pg.Pool({ connectionString: (await database()).url })
    await pool.end()
    await expectRefused({ pool }, 'CLOSED', /end it only after the store was closed/)
  })
})

describe('those who may not come in', () => {
  test('a wrong password', async () => {
    const wrong = await addressWith((url) => {
      url.password = 'wrong'
    })
    await expectRefused({ connectionString: wrong }, 'PERMISSION_DENIED', /check both \(28P01\)/)
  })
  test('a user that there is not', async () => {
    const wrong = await addressWith((url) => {
      url.username = 'nobody'
    })
    await expectRefused({ connectionString: wrong }, 'PERMISSION_DENIED', /check both/)
  })
  test('a database that there is not, which is not NOT_FOUND: that is about records', async () => {
    const wrong = await addressWith((url) => {
      url.pathname = '/nowhere'
    })
    await expectRefused(
      { connectionString: wrong },
      'INVALID_ARGUMENT',
      /create it, or name another with `database`/,
    )
  })
  test('more connections than the server has', async () => {
    const { superuserUrl, owner } = await database()
    await query(superuserUrl, `ALTER ROLE "${owner.name}" CONNECTION LIMIT 0`)
    try {
      await expectRefused(
        { connectionString: owner.url },
        'UNAVAILABLE',
        /lower `max`, or raise max_connections/,
      )
    } finally {
      await query(superuserUrl, `ALTER ROLE "${owner.name}" CONNECTION LIMIT -1`)
    }
  })
})

describe('passwords that are asked for', () => {
  /** The parts of the database's address, through a proxy that sees what is left open. */
  async function throughProxy() {
    const { url } = await database()
    const proxy = await tcpProxy(url)
    const { hostname: host, port, username: user, pathname, password } = new URL(proxy.url(url))
    const parts = { host, port: Number(port), user, database: pathname.slice(1), schema: freshSchema() }
    return { proxy, parts, password, [Symbol.asyncDispose]: () => proxy.close() }
  }

  test.each<[string, () => string | Promise<string>, ErrorCode, RegExp]>([
    ['none', () => '', 'PERMISSION_DENIED', /none was given: set `password`/],
    ['no string', (() => 5) as never, 'INVALID_ARGUMENT', /answered no string: let it answer one/],
    [
      'no answer',
      () => Promise.reject(new Error('the vault is sealed')),
      'UNAVAILABLE',
      /the function `password` failed: see the cause/,
    ],
  ])('%s is told, and leaves no connection behind', async (_name, password, code, message) => {
    await using way = await throughProxy()
    await expectRefused({ ...way.parts, password }, code, message)
    await vi.waitFor(() => expect(way.proxy.connections).toBe(0), 2_000)
  })

  test('the right one is asked for every connection', async () => {
    await using way = await throughProxy()
    let asked = 0
    const password = async () => {
      asked++
      return way.password
    }
    await using store = noteStore({ ...way.parts, password })
    await store.collection(notes).put({ id: 'a' })
    expect(asked).toBe(way.proxy.accepted)
    expect(asked).toBeGreaterThan(1)
  })
})

describe('connection strings that the driver does not understand', () => {
  test.each(['sslrootcert=/nowhere.pem', 'sslnegotiation=perhaps', 'uselibpqcompat=true&sslmode=verify-ca'])(
    '%s is told more often than there are connections',
    async (parameter) => {
      const connectionString = await addressWith((url) => {
        url.search = parameter
      })
      await expectRefused({ connectionString, max: 2, connectTimeoutMs: 500 }, 'INVALID_ARGUMENT', /correct/)
    },
  )
})

describe('databases that are not as they should be', () => {
  test.each(['SQL_ASCII', 'LATIN1'])('one in %s', async (encoding) => {
    const { superuserUrl, owner, name } = await database()
    const other = `${name}_${encoding.toLowerCase()}`
    await query(
      superuserUrl,
      `CREATE DATABASE ${other} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C' OWNER "${owner.name}"`,
    )
    try {
      const connectionString = await addressWith((url) => {
        url.pathname = `/${other}`
      })
      await expectRefused(
        { connectionString },
        'UNSUPPORTED',
        new RegExp(`${encoding}: make one with ENCODING 'UTF8'`),
      )
    } finally {
      await query(superuserUrl, `DROP DATABASE ${other}`)
    }
  })

  test('one that acknowledges before it has stored, unless that is what was asked for', async () => {
    const { url, superuserUrl, name } = await database()
    await query(superuserUrl, `ALTER DATABASE "${name}" SET synchronous_commit = off`)
    try {
      const options = { connectionString: url, schema: freshSchema() }
      await expectRefused(
        options,
        'UNSUPPORTED',
        /synchronous_commit is off.*set it to on, or say durability: 'process'/,
      )
      await expect(prepareNotes({ ...options, durability: 'process' })).resolves.toBeUndefined()
    } finally {
      await query(superuserUrl, `ALTER DATABASE "${name}" RESET synchronous_commit`)
    }
  })

  // No server as old as that is at hand, so what it would answer is put in its mouth.
  test.each([
    [['130011', '13.11 (Debian)', 'UTF8', 'on'], /PostgreSQL 13\.11 \(Debian\) is too old: 14 or later/],
    [['90624', '9.6.24', 'UTF8', 'on'], /PostgreSQL 9\.6\.24 is too old/],
    [['140000', '14.0', 'UTF8', 'on'], undefined],
  ] as const)('a server that calls itself %j', async (row, message) => {
    const asked: Command[] = []
    const session: Pick<Session, 'ask'> = {
      ask: async (command) => {
        asked.push(command)
        return [row]
      },
    }
    const check = checkServer(session as Session, resolveOptions({}))
    if (message === undefined) await expect(check).resolves.toBeUndefined()
    else
      await expect(check).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(message),
      })
    expect(asked).toHaveLength(1)
  })
})

describe('schemas that are somebody else’s', () => {
  test.each([
    'TABLE %s.notes (id int)',
    'VIEW %s.notes AS SELECT 1 AS id',
    'MATERIALIZED VIEW %s.notes AS SELECT 1 AS id',
    'SEQUENCE %s.notes',
    'TYPE %s.notes AS (id int)',
    'TABLE %s._coffer_meta (id int)',
  ])('CREATE %s: a name that is taken', async (what) => {
    const { url } = await database()
    const schema = freshSchema()
    await query(url, `CREATE SCHEMA ${schema}`, `CREATE ${what.replace('%s', schema)}`)
    await expectRefused(
      { connectionString: url, schema },
      'UNSUPPORTED',
      /rename|set `schema` to another|restore it from a backup/,
    )
    const [{ count } = {}] = await query(
      url,
      `SELECT count(*)::int AS count FROM pg_class WHERE relnamespace = '${schema}'::regnamespace`,
    )
    expect(count, 'nothing was made').toBe(1)
  })

  test('one that a newer release has made', async () => {
    const { url } = await database()
    const options = { connectionString: url, schema: freshSchema() }
    await prepareNotes(options)
    await query(url, `UPDATE ${options.schema}._coffer_meta SET version = 99 WHERE key = 'format'`)
    await expectRefused(options, 'UNSUPPORTED', /has format 99.*open it with a newer release/)
  })

  test('tables that go, or change, while the store is open', async () => {
    const { url } = await database()
    const options = { connectionString: url, schema: freshSchema() }
    for (const change of ['DROP COLUMN note', 'RENAME TO moved', 'SET SCHEMA public']) {
      await prepareNotes(options)
      const store = noteStore(options)
      await store.open()
      await query(url, `ALTER TABLE ${options.schema}.notes ${change}`)
      await expect(store.collection(notes).put({ id: 'b' })).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(
          /since the store was opened|when the store was opened: open the store again/,
        ),
      })
      await store.close()
      await query(url, 'DROP TABLE IF EXISTS public.notes', `DROP SCHEMA ${options.schema} CASCADE`)
    }
  })
})

test('a pooler that was not told of', async ({ skip }) => {
  await using pooler = await startPgBouncer(sharedServer(), { poolSize: 1 })
  if (pooler === undefined) return skip('PgBouncer is not installed: apt-get install pgbouncer')
  const through = pooler.url((await database()).url)
  await expectRefused({ connectionString: through }, 'UNSUPPORTED', /say pooler: 'transaction' \(08P01\)/)
  const wrong = new URL(through)
  wrong.password = 'wrong'
  const options = { connectionString: wrong.href, pooler: 'transaction' } as const
  await expectRefused(options, 'PERMISSION_DENIED', /check both/)
})
