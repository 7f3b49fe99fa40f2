/** Connections as somebody else has left them. */

import pg from 'pg'
import { expect, test } from 'vitest'
import { marks } from './marks.ts'
import { fileDatabase } from './places.ts'
import { fate, rig } from './rig.ts'

const database = fileDatabase()

/** Works with the only connection of the pool, as the application around the store does. */
async function withConnection(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<unknown>,
): Promise<void> {
  const client = await pool.connect()
  await work(client)
  client.release()
}

test.each(['BEGIN', 'BEGIN; SELECT 1 / 0'])(
  'nobody goes on in a transaction that was left open: %s',
  async (left) => {
    const pool = new pg.Pool({ connectionString: (await database()).url, max: 1 })
    await using subject = await rig(await database(), { lent: pool })
    await subject.put('first')
    const works = [
      () => subject.marks.get('first'),
      () => subject.put('second'),
      () => subject.putTogether(['third']),
      () => subject.marks.find({}),
    ]
    for (const work of works) {
      await withConnection(pool, async (client) => {
        await client.query(left).catch(() => undefined)
        // The state of the transaction is known with the next answer.
        await client.query('SELECT 1').catch(() => undefined)
      })
      await work()
      await subject.expectSound(left)
    }
  },
)

test('statements that somebody threw away are prepared again', async () => {
  const pool = new pg.Pool({ connectionString: (await database()).url, max: 1 })
  await using subject = await rig(await database(), { lent: pool })
  await subject.put('first')
  await subject.marks.get('first')
  for (let round = 0; round < 3; round++) {
    await withConnection(pool, (client) => client.query('DISCARD ALL'))
    // A read is asked again by itself; a transaction says that it did nothing.
    expect((await subject.marks.get('first'))?.id).toBe('first')
    await withConnection(pool, (client) => client.query('DISCARD ALL'))
    const asked = subject.store.transaction((tx) => tx.collection(marks).get('first'))
    expect(await fate(asked)).toBe('UNAVAILABLE')
    await subject.expectSound()
  }
})

test('a pool that is impatient with statements does not harm whoever comes next', async () => {
  const pool = new pg.Pool({ connectionString: (await database()).url, max: 1, query_timeout: 150 })
  await using subject = await rig(await database(), { lent: pool })
  await subject.put('first')
  await subject.whileLocked(`LOCK TABLE "${subject.schema}".marks`, async () => {
    expect(await fate(subject.marks.get('first'))).toBe('TIMEOUT')
    expect(await fate(subject.putTogether(['second']))).toBe('TIMEOUT')
  })
  await subject.expectSound()
  expect((await subject.stored()).has('second')).toBe(false)
})
