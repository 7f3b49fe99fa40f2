/** What a transaction says of its end, and what bounds it. */

import { setTimeout as pause } from 'node:timers/promises'
import { isStoreError } from '@coffer/core'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { PoolDoor } from '../src/pool-door.ts'
import type { Session } from '../src/session.ts'
import { commit } from '../src/transaction-ends.ts'
import { errorMessage, fakeServer, message, ready, welcome } from './fake-server.ts'
import { marks } from './marks.ts'
import { fileDatabase } from './places.ts'
import { fate, rig, timedFate, uncaughtErrors } from './rig.ts'

const database = fileDatabase()
const SETTINGS = { nameOf: () => undefined, silenceMs: 5_000 }

/** Works with a session on a connection of its own, as the backend does it. */
async function onSession<T>(config: pg.PoolConfig, work: (session: Session) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ max: 1, ...config })
  pool.on('error', () => undefined)
  try {
    return await new PoolDoor(pool, true).within('writing', SETTINGS, 5_000, work)
  } finally {
    await pool.end()
  }
}

test.each([true, false])(
  'a COMMIT that is answered with ROLLBACK is no commit (pipeline: %s)',
  async (pipeline) => {
    const connectionString = (await database()).url
    await onSession({ connectionString, pipeline }, async (session) => {
      await session.run([{ text: 'BEGIN' }])
      await session.run([{ text: 'SELECT 1 / 0' }]).catch(() => undefined)
      expect(await fate(commit(session))).toBe('TRANSACTION_ABORTED')
      expect(session.isInTransaction).toBe(false)
      expect(await session.ask({ text: 'SELECT 1' })).toEqual([['1']])
    })
  },
)

const COMMANDS = [{ text: 'BEGIN' }, { text: 'SELECT 1' }, { text: 'COMMIT' }]

/** Done, and then ready. */
const done = (tag: string, status: 'I' | 'T') => Buffer.concat([message('C', `${tag}\0`), ready(status)])

test.each([
  ['the end of the connection, before COMMIT', 'SELECT 1', errorMessage('FATAL', '57P01'), 'UNAVAILABLE'],
  ['a panic before COMMIT', 'SELECT 1', errorMessage('PANIC', '58030'), 'UNAVAILABLE'],
  // A panic may come when the commit is on the disk already.
  ['a panic at COMMIT', 'COMMIT', errorMessage('PANIC', '58030'), 'OUTCOME_UNKNOWN'],
  ['the end of the connection at COMMIT', 'COMMIT', errorMessage('FATAL', '57P01'), 'OUTCOME_UNKNOWN'],
  [
    'the end of the connection behind a COMMIT that was done',
    'COMMIT',
    Buffer.concat([message('C', 'COMMIT\0'), errorMessage('FATAL', '57P01')]),
    'OUTCOME_UNKNOWN',
  ],
  ['a refusal at COMMIT', 'COMMIT', Buffer.concat([errorMessage('ERROR', '40001'), ready('I')]), 'CONFLICT'],
])('the server says %s', async (_what, at, answer, code) => {
  for (const pipeline of [true, false]) {
    await using server = await fakeServer((text) => {
      if (text === at) return answer
      return text === 'COMMIT' ? done('COMMIT', 'I') : done(text === 'BEGIN' ? 'BEGIN' : 'SELECT 1', 'T')
    })
    await onSession({ host: server.host, port: server.port, pipeline }, async (session) => {
      expect(await fate(session.run(COMMANDS, { commits: true }))).toBe(code)
    })
  }
})

test.each([true, false])(
  "a statement that can't be written down is not left out (pipeline: %s)",
  async (pipeline) => {
    const place = await database()
    const client = new pg.Client(place.url)
    await client.connect()
    await client.query('CREATE TABLE IF NOT EXISTS written (value text)')
    const tooLong = () => {
      throw new RangeError('Invalid string length')
    }
    const insert = 'INSERT INTO written VALUES ($1)'
    const commands = [
      { text: 'BEGIN' },
      { text: insert, parameters: ['before'] },
      { text: insert, parameters: tooLong },
      { text: 'COMMIT' },
    ]
    await onSession({ connectionString: place.url, pipeline }, async (session) => {
      expect(await fate(session.run(commands, { commits: true }))).toBe('INTERNAL')
      expect(session.isLost).toBe(true)
    })
    // Waits for the lock of whoever may still be at it.
    await client.query('BEGIN; LOCK TABLE written')
    expect((await client.query('SELECT * FROM written')).rows).toEqual([])
    await client.end()
  },
)

test('a connection that ends in the moment in which it is made takes nothing with it', async () => {
  using uncaught = uncaughtErrors()
  await using server = await fakeServer(
    () => undefined,
    Buffer.concat([welcome, errorMessage('FATAL', '57P01')]),
  )
  const lost = onSession({ host: server.host, port: server.port }, (session) =>
    session.run([{ text: 'SELECT 1' }]),
  )
  expect(await fate(lost)).toBe('UNAVAILABLE')
  expect(uncaught.errors).toEqual([])
})

test('a transaction that stands still is ended by the server, and says so', async () => {
  await using subject = await rig(await database(), { statementTimeoutMs: 200 })
  await subject.store.open()
  const still = subject.store.transaction(async (tx) => {
    await tx.collection(marks).put({ id: 'still', group: 'g' })
    await vi.waitUntil(async () => (await subject.sessions(`state = 'idle in transaction'`)) === 0, {
      interval: 5,
    })
    await tx.collection(marks).get('still')
  })
  const error: unknown = await still.catch((thrown: unknown) => thrown)
  expect(isStoreError(error, 'TIMEOUT') && error.message).toMatch(/stood still/)
  await subject.expectSound()
})

test('a transaction that is late while it waits for a lock gives up its connection, and the server its locks', async () => {
  await using subject = await rig(await database(), { max: 4 })
  await subject.put('locked')
  await subject.put('held')
  await subject.whileLocked(
    `SELECT 1 FROM "${subject.schema}".marks WHERE _id = 'locked' FOR UPDATE`,
    async () => {
      const late = await timedFate(
        subject.store.transaction(
          async (tx) => {
            await tx.collection(marks).put({ id: 'held', group: 'late' })
            await tx.collection(marks).put({ id: 'locked', group: 'late' })
          },
          { timeoutMs: 150 },
        ),
      )
      expect(late.fate).toBe('TIMEOUT')
      expect(late.ms).toBeLessThan(1_000)
      // Its other lock is free long before lockTimeoutMs, which is ten seconds.
      const next = await timedFate(subject.put('held', 'next'))
      expect(next.fate).toBe('ok')
      expect(next.ms).toBeLessThan(1_000)
    },
  )
  expect((await subject.marks.get('held'))?.group).toBe('next')
  expect((await subject.marks.get('locked'))?.group).toBe('g')
  await subject.expectSound()
})

test('reads of the outer store in a callback go on, whatever waits for the transaction', async () => {
  for (const max of [2, 3, 4]) {
    for (const isLent of [false, true]) {
      const options = isLent ? { lent: max } : { max }
      await using subject = await rig(await database(), { ...options, lockTimeoutMs: 3_000 })
      await subject.put('hot')
      // Each transaction holds a lock that a write outside waits for, and reads outside.
      const calls = Array.from({ length: 3 * max }, async (_, index) => {
        const { promise: locked, resolve: onLocked } = Promise.withResolvers<void>()
        const transaction = subject.store.transaction(async (tx) => {
          await tx.collection(marks).put({ id: `own ${index}`, group: 'g' })
          onLocked()
          for (let turn = 0; turn < 3; turn++) {
            await pause(5)
            expect((await subject.marks.get('hot'))?.group).toBe('g')
            expect((await subject.marks.find({ where: { group: 'g' } })).records.length).toBeGreaterThan(0)
          }
        })
        await locked
        await Promise.all([transaction, subject.put(`own ${index}`, 'after')])
      })
      const { fate: ended, ms } = await timedFate(Promise.all(calls))
      expect([ended, max, isLent]).toEqual(['ok', max, isLent])
      // Nobody had to wait for a lock to time out.
      expect(ms).toBeLessThan(2_500)
    }
  }
})

test('the server bounds every transaction by itself, over whatever connection', async () => {
  const place = await database()
  const bounds = { statementTimeoutMs: 1_234, lockTimeoutMs: 567 }
  const ways = {
    own: {},
    single: { max: 1 },
    lent: { lent: 2 },
    'through a pooler': { pooler: 'transaction' as const },
  }
  for (const [way, options] of Object.entries(ways)) {
    await using subject = await rig(place, { ...options, ...bounds })
    await subject.store.open()
    await subject.admin.query(`
      CREATE TABLE "${subject.schema}".seen (name text, setting text);
      CREATE FUNCTION "${subject.schema}".look() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$BEGIN
          INSERT INTO "${subject.schema}".seen SELECT name, setting FROM pg_settings WHERE name IN
            ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_isolation');
          RETURN NULL;
        END$$;
      CREATE TRIGGER look AFTER INSERT ON "${subject.schema}".marks
        FOR EACH STATEMENT EXECUTE FUNCTION "${subject.schema}".look()`)
    const expected = {
      statement_timeout: '1234',
      lock_timeout: '567',
      idle_in_transaction_session_timeout: '1234',
      transaction_isolation: 'serializable',
    }
    const works = { batch: () => subject.put('a'), transaction: () => subject.putTogether(['b']) }
    for (const [what, work] of Object.entries(works)) {
      await subject.admin.query(`DELETE FROM "${subject.schema}".seen`)
      await work()
      const { rows } = await subject.admin.query(
        `SELECT DISTINCT name, setting FROM "${subject.schema}".seen`,
      )
      const seen = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
      expect({ way, what, ...seen }).toEqual({ way, what, ...expected })
    }
  }
})
