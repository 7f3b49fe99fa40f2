/** Giving up through PgBouncer, which has to pass on the request to stop, and bear that connections are cut. */

import { startPgBouncer } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { afterAll, expect, test } from 'vitest'
import { marks } from './marks.ts'
import { fileDatabase } from './places.ts'
import { fate, rig, tally, timedFate } from './rig.ts'

const pooler = await startPgBouncer(sharedServer(), { poolSize: 8 })
const database = fileDatabase()
// It keeps connections open, so it ends before the database does.
afterAll(() => pooler?.stop())

test('transactions that are late while they wait for a lock free it', async ({ skip }) => {
  if (pooler === undefined) return skip('PgBouncer is not installed: apt-get install pgbouncer')
  const place = await database()
  await using subject = await rig(place, { through: pooler.url(place.url), pooler: 'transaction', max: 6 })
  await subject.put('locked')
  for (let round = 0; round < 5; round++) {
    await subject.whileLocked(
      `SELECT 1 FROM "${subject.schema}".marks WHERE _id = 'locked' FOR UPDATE`,
      async () => {
        const late = Array.from({ length: 20 }, (_, index) =>
          subject.store.transaction(
            async (tx) => {
              await tx.collection(marks).put({ id: `held ${index}`, group: 'late' })
              await tx.collection(marks).put({ id: 'locked', group: 'late' })
            },
            { timeoutMs: 200 },
          ),
        )
        expect(tally(await Promise.all(late.map(fate)))).toEqual({ TIMEOUT: 20 })
        const next = await timedFate(subject.put('held 0', 'next'))
        expect(next.fate).toBe('ok')
        expect(next.ms).toBeLessThan(2_000)
      },
    )
    expect((await subject.marks.get('locked'))?.group).toBe('g')
    await subject.expectSound()
  }
})
