import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDatabase, type TcpProxy, type TestDatabase, tcpProxy } from '../src/index.ts'
import { sharedServer } from '../src/shared-server.ts'
import { connected, endOf } from './clients.ts'

let database: TestDatabase
let proxy: TcpProxy
let url: string

beforeAll(async () => {
  database = await createDatabase(sharedServer())
  const client = await connected(database.url)
  await client.query('CREATE TABLE marks (mark text)')
  await client.end()
})
afterAll(() => database.drop())

beforeEach(async () => {
  proxy = await tcpProxy(database.url)
  url = proxy.url(database.url)
  return () => proxy.close()
})

/** What is in the table, seen past the proxy, once no session is busy with it any more. */
async function marks(): Promise<readonly string[]> {
  const client = await connected(database.url)
  await client.query('BEGIN; LOCK TABLE marks')
  const { rows } = await client.query<{ mark: string }>('DELETE FROM marks RETURNING mark')
  await client.query('COMMIT')
  await client.end()
  return rows.map(({ mark }) => mark)
}

describe('without faults', () => {
  test('answers come through, large ones and many at once', async () => {
    const client = await connected(url)
    const { rows } = await client.query<{ text: string }>(`SELECT repeat('x', 3000000) AS text`)
    expect(rows[0]?.text).toHaveLength(3_000_000)
    const sent = 'y'.repeat(3_000_000)
    const echoed = await client.query<{ text: string }>('SELECT $1::text AS text', [sent])
    expect(echoed.rows[0]?.text).toBe(sent)
  })

  test('connections and requests are counted', async () => {
    const first = await connected(url)
    await connected(url)
    await first.query('SELECT 1')
    await first.query('SELECT $1::int', [1])
    expect(proxy.connections).toBe(2)
    expect(proxy.accepted).toBe(2)
    expect(proxy.requests).toBe(4)
    await first.end()
    await vi.waitUntil(() => proxy.connections === 1, { interval: 1 })
  })

  test('a client that asks for encryption hears that the server has none', async () => {
    await expect(connected(url, { ssl: true })).rejects.toThrow('does not support SSL')
  })
})

describe('a cut', () => {
  test.each(['reset', 'end'] as const)('by %s ends every connection at once, on both sides', async (how) => {
    const client = await connected(url)
    const ended = endOf(client)
    proxy.cut(how)
    await ended
    await vi.waitUntil(async () => (await database.sessions()).length === 0, { interval: 1 })
    expect(proxy.connections).toBe(0)
  })

  test('before COMMIT is forwarded leaves nothing', async () => {
    const client = await connected(url)
    await client.query('BEGIN')
    await client.query(`INSERT INTO marks VALUES ('a')`)
    const trap = proxy.trap({ from: 'client', contains: 'COMMIT', moment: 'before' })
    await expect(client.query('COMMIT')).rejects.toThrow()
    await trap.sprung
    expect(await marks()).toEqual([])
  })

  test.each(['after', 'answered'] as const)(
    '%s COMMIT leaves the work done and the client without an answer',
    async (moment) => {
      const client = await connected(url)
      await client.query('BEGIN')
      await client.query(`INSERT INTO marks VALUES ('a')`)
      const trap = proxy.trap({ from: 'client', type: 'Q', contains: 'COMMIT', moment })
      await expect(client.query('COMMIT')).rejects.toThrow()
      expect(trap.isSprung).toBe(true)
      if (moment === 'after') await vi.waitUntil(async () => (await database.sessions()).length === 0)
      expect(await marks()).toEqual(['a'])
    },
  )

  test('after a prepared statement covers the whole request that it begins', async () => {
    const client = await connected(url)
    const trap = proxy.trap({ from: 'client', type: 'P', contains: 'INSERT', moment: 'answered' })
    await expect(client.query('INSERT INTO marks VALUES ($1)', ['b'])).rejects.toThrow()
    expect(trap.isSprung).toBe(true)
    expect(await marks()).toEqual(['b'])
  })

  test('in a pipeline lets the answers before it through', async () => {
    const client = await connected(url, { pipeline: true })
    proxy.trap({ from: 'client', contains: 'second', moment: 'answered', how: 'end' })
    const answers = await Promise.allSettled(
      ['first', 'second', 'third'].map((mark) => client.query(`INSERT INTO marks VALUES ('${mark}')`)),
    )
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect((await marks()).slice(0, 2)).toEqual(['first', 'second'])
  })

  test('before or after a message of the server', async () => {
    const before = await connected(url)
    proxy.trap({ from: 'server', type: 'C', contains: 'INSERT', moment: 'before' })
    await expect(before.query(`INSERT INTO marks VALUES ('c')`)).rejects.toThrow()
    const after = await connected(url)
    const trap = proxy.trap({ from: 'server', type: 'Z', moment: 'after' })
    const ended = endOf(after)
    await after.query('SELECT 1')
    await ended
    expect(trap.isSprung).toBe(true)
    expect(await marks()).toEqual(['c'])
  })

  test('is made at the n-th message that matches, and not after the trap was disarmed', async () => {
    const client = await connected(url)
    const disarmed = proxy.trap({ from: 'client', contains: 'SELECT', moment: 'before' })
    disarmed.disarm()
    const trap = proxy.trap({ from: 'client', contains: 'SELECT', nth: 3, moment: 'before' })
    await client.query('SELECT 1')
    await client.query('SELECT 2')
    expect(trap.isSprung).toBe(false)
    await expect(client.query('SELECT 3')).rejects.toThrow()
    expect(trap.isSprung).toBe(true)
    expect(disarmed.isSprung).toBe(false)
  })

  test('a server message cannot be answered', () => {
    expect(() => proxy.trap({ from: 'server', moment: 'answered' })).toThrow('only a client')
  })
})

describe('silence', () => {
  test('lets nothing through until it ends, and then everything', async () => {
    const client = await connected(url)
    proxy.pause()
    const requests = proxy.requests
    const answer = client.query<{ one: number }>('SELECT 1 AS one')
    const newcomer = connected(url)
    await vi.waitUntil(() => proxy.accepted === 2, { interval: 1 })
    expect(proxy.requests).toBe(requests)
    proxy.resume()
    expect((await answer).rows).toEqual([{ one: 1 }])
    await (await newcomer).end()
  })

  test('towards the client alone: the work is done, the answer is held', async () => {
    const client = await connected(url)
    proxy.pause('client')
    let isAnswered = false
    const answer = client.query(`INSERT INTO marks VALUES ('d')`).then(() => {
      isAnswered = true
    })
    const watcher = await connected(database.url)
    await vi.waitUntil(async () => (await watcher.query('SELECT FROM marks')).rowCount === 1, { interval: 1 })
    expect(isAnswered).toBe(false)
    proxy.resume()
    await answer
    expect(await marks()).toEqual(['d'])
  })

  test('hides from the server that the client is gone', async () => {
    const client = await connected(url)
    proxy.pause('server')
    const ended = endOf(client)
    client.connection.stream.destroy()
    await ended
    expect(await database.sessions()).toHaveLength(1)
    proxy.resume()
    await vi.waitUntil(async () => (await database.sessions()).length === 0, { interval: 1 })
  })
})

describe('the rest', () => {
  test('latency delays each message, and several on their way at once do not add up', async () => {
    const client = await connected(url, { pipeline: true })
    proxy.latencyMs = 40
    const start = performance.now()
    await Promise.all([1, 2, 3, 4, 5].map((number) => client.query('SELECT $1::int', [number])))
    const elapsedMs = performance.now() - start
    expect(elapsedMs).toBeGreaterThanOrEqual(80)
    expect(elapsedMs).toBeLessThan(5 * 80)
  })

  test('new connections are refused, and accepted again at the same port; open ones go on', async () => {
    const client = await connected(url)
    proxy.refuse()
    await expect(connected(url)).rejects.toThrow('ECONNREFUSED')
    await client.query('SELECT 1')
    await proxy.accept()
    await connected(url)
  })

  test('new connections go to another server after retarget', async () => {
    await using other = await tcpProxy(database.url)
    await connected(url)
    proxy.retarget(other.url(database.url))
    await connected(url)
    expect(other.accepted).toBe(1)
  })

  test('a server that is down resets the client', async () => {
    await using dead = await tcpProxy('postgresql://127.0.0.1:1/none')
    await expect(connected(dead.url(database.url))).rejects.toThrow()
  })

  test('close ends everything and may come twice', async () => {
    const client = await connected(url)
    const ended = endOf(client)
    await proxy.close()
    await proxy.close()
    await ended
    await expect(connected(url)).rejects.toThrow('ECONNREFUSED')
  })
})
