/** The server ends connections, at every moment of their lives, and the store goes on. */

import { expect, test } from 'vitest'
import { marks } from './marks.ts'
import { fileDatabase } from './places.ts'
import { fate, type Rig, rig, tally } from './rig.ts'

const database = fileDatabase()
const ROUNDS = 20

/** Plays a moment many times on one store; after each the store must be sound. Answers the fates. */
async function rounds(subject: Rig, moment: (round: number) => Promise<string>): Promise<readonly string[]> {
  const fates: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    fates.push(await moment(round))
    await subject.expectSound(`round ${round}`)
  }
  return fates
}

test('idle in the pool: whoever comes next gets another', async () => {
  await using subject = await rig(await database(), { max: 4 })
  await subject.store.open()
  const fates = await rounds(subject, async (round) => {
    expect(await subject.terminate()).toBeGreaterThan(0)
    return fate(subject.put(`idle ${round}`))
  })
  // The news of the end may be on its way when the next statement leaves.
  expect(Object.keys(tally(fates)).filter((code) => code !== 'ok' && code !== 'OUTCOME_UNKNOWN')).toEqual([])
})

test('between two statements of a transaction: nothing of it stays', async () => {
  await using subject = await rig(await database(), { max: 4 })
  await subject.store.open()
  const fates = await rounds(subject, async (round) => {
    const lost = subject.store.transaction(async (tx) => {
      await tx.collection(marks).put({ id: `lost ${round}`, group: 'g' })
      expect(await subject.terminate(`state = 'idle in transaction'`)).toBe(1)
      await tx.collection(marks).put({ id: `lost too ${round}`, group: 'g' })
    })
    return fate(lost)
  })
  expect(tally(fates)).toEqual({ UNAVAILABLE: ROUNDS })
  expect([...(await subject.stored())].filter((id) => id.startsWith('lost'))).toEqual([])
})

test('right after the first statement of a transaction, with nothing but COMMIT to follow', async () => {
  await using subject = await rig(await database(), { max: 4 })
  await subject.store.open()
  const fates = await rounds(subject, async (round) => {
    const lost = subject.store.transaction(async (tx) => {
      if (round % 2 === 1) await tx.collection(marks).put({ id: `lost ${round}`, group: 'g' })
      else await tx.collection(marks).get('any')
      expect(await subject.terminate(`state = 'idle in transaction'`)).toBe(1)
    })
    return fate(lost)
  })
  // The connection may be found lost before COMMIT is sent, or by it.
  expect(
    Object.keys(tally(fates)).filter((code) => !['UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(code)),
  ).toEqual([])
  expect([...(await subject.stored())].filter((id) => id.startsWith('lost'))).toEqual([])
})

test('in a statement that waits: alone, in a batch, in a transaction, in a read', async () => {
  await using subject = await rig(await database(), { max: 4 })
  await subject.put('locked')
  const kinds: readonly ((round: number) => Promise<unknown>)[] = [
    () => subject.marks.put({ id: 'locked', group: 'alone' }),
    // Statements of two kinds, so a transaction of several, in one round trip.
    (round) =>
      Promise.all([
        subject.marks.put({ id: 'locked', group: 'batch' }),
        subject.marks.insert({ id: `batch ${round}`, group: 'batch' }),
      ]),
    (round) =>
      subject.store.transaction(async (tx) => {
        await tx.collection(marks).put({ id: `transaction ${round}`, group: 'transaction' })
        await tx.collection(marks).put({ id: 'locked', group: 'transaction' })
      }),
    () => subject.marks.find({ where: { group: 'g' } }),
  ]
  const fates = await rounds(subject, async (round) => {
    let waiting: Promise<string> | undefined
    await subject.whileLocked(`LOCK TABLE "${subject.schema}".marks`, async () => {
      waiting = fate(kinds[round % 4]?.(round) as Promise<unknown>)
      await subject.until(`wait_event_type = 'Lock'`)
      expect(await subject.terminate(`wait_event_type = 'Lock'`)).toBe(1)
    })
    return `${round % 4} ${await waiting}`
  })
  expect(tally(fates)).toEqual({
    // A statement that is a whole transaction commits before its answer is complete.
    '0 OUTCOME_UNKNOWN': ROUNDS / 4,
    '1 UNAVAILABLE': ROUNDS / 4,
    '2 UNAVAILABLE': ROUNDS / 4,
    // Reads are asked again.
    '3 ok': ROUNDS / 4,
  })
  const groups = (await subject.marks.get('locked'))?.group
  expect(groups).toBe('g')
  expect([...(await subject.stored())].filter((id) => /^batch|^transaction/.test(id))).toEqual([])
})

test('in COMMIT: nobody can tell, and all or nothing is there', async () => {
  await using subject = await rig(await database(), { max: 4 })
  await subject.store.open()
  // COMMIT waits in a deferred trigger for as long as somebody holds the lock.
  await subject.admin.query(`
    CREATE FUNCTION "${subject.schema}".wait() RETURNS trigger LANGUAGE plpgsql AS
      $$BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END$$;
    CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON "${subject.schema}".marks DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (NEW._id LIKE 'slow%') EXECUTE FUNCTION "${subject.schema}".wait()`)
  const fates = await rounds(subject, async (round) => {
    const ids = [`slow ${round} a`, `slow ${round} b`]
    const [first = '', second = ''] = ids
    const work = () =>
      round % 2 === 0
        ? subject.putTogether(ids)
        : subject.marks.putMany([
            { id: first, group: 'g' },
            { id: second, group: 'g' },
          ])
    let waiting: Promise<string> | undefined
    await subject.whileLocked('SELECT pg_advisory_xact_lock(4711)', async () => {
      waiting = fate(work())
      await subject.until(`wait_event = 'advisory'`)
      expect(await subject.terminate(`wait_event = 'advisory'`)).toBe(1)
    })
    const stored = await subject.stored()
    expect(new Set(ids.map((id) => stored.has(id))).size).toBe(1)
    return (await waiting) ?? ''
  })
  expect(tally(fates)).toEqual({ OUTCOME_UNKNOWN: ROUNDS })
})

test('during opening: it fails with a code, and the next opening makes all of it', async () => {
  const fates: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await using subject = await rig(await database(), { max: 4 })
    let isOpening = true
    const opening = fate(subject.store.open()).finally(() => {
      isOpening = false
    })
    // At another moment in each round, and again while it lasts.
    for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve))
    while (isOpening && (await subject.terminate()) < 1 + (round % 3)) await undefined
    fates.push(await opening)
    await subject.expectSound(`round ${round}`)
  }
  const codes = Object.keys(tally(fates))
  expect(codes.filter((code) => !['ok', 'UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(code))).toEqual([])
  expect(fates.filter((each) => each !== 'ok').length).toBeGreaterThan(0)
})
