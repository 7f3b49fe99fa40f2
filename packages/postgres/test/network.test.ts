/** A bad network: connections cut at a certain message, and silence. */

import { type Sender, type TcpProxy, type TrapOptions, tcpProxy } from '@coffer-tooling/postgres'
import { beforeEach, expect, test } from 'vitest'
import { marks } from './marks.ts'
import { fileDatabase } from './places.ts'
import { fate, type Rig, rig, tally, timedFate } from './rig.ts'

const database = fileDatabase()
let proxy: TcpProxy

beforeEach(async () => {
  proxy = await tcpProxy((await database()).url)
  return () => proxy.close()
})

async function throughProxy(options: Parameters<typeof rig>[1] = {}): Promise<Rig> {
  const place = await database()
  const size = options.lent === undefined ? { max: 4 } : {}
  return rig(place, { ...size, through: proxy.url(place.url), ...options })
}

/** A cut, and whether what it hit may be there afterwards. */
interface Cut {
  readonly trap: TrapOptions
  readonly isThere: 'yes' | 'no' | 'perhaps'
}

function cutsAt(request: Partial<TrapOptions>, answer: Partial<TrapOptions>): readonly Cut[] {
  return [
    { trap: { from: 'client', moment: 'before', ...request }, isThere: 'no' },
    { trap: { from: 'client', moment: 'after', ...request }, isThere: 'perhaps' },
    { trap: { from: 'client', moment: 'answered', ...request }, isThere: 'yes' },
    { trap: { from: 'server', moment: 'before', ...answer }, isThere: 'yes' },
    { trap: { from: 'server', moment: 'after', ...answer }, isThere: 'yes' },
  ]
}

const ENDINGS = ['reset', 'end'] as const

test('a put that is cut off has an unknown outcome, and is there or not', async () => {
  await using subject = await throughProxy()
  await subject.put('first')
  for (const how of ENDINGS) {
    for (const [index, { trap, isThere }] of cutsAt({ type: 'B' }, { type: 'D' }).entries()) {
      const id = `cut ${how} ${index}`
      const armed = proxy.trap({ ...trap, contains: id, how })
      expect([id, await fate(subject.put(id))]).toEqual([id, 'OUTCOME_UNKNOWN'])
      await armed.sprung
      await subject.expectSound(id)
      // The answer is made before the commit, so of an answer that was cut off nobody can tell.
      const isAnswer = trap.from === 'server'
      if (isThere !== 'perhaps' && !isAnswer) expect((await subject.stored()).has(id)).toBe(isThere === 'yes')
    }
  }
})

test('a transaction that is cut off at COMMIT has an unknown outcome, and is there as a whole or not', async () => {
  await using subject = await throughProxy()
  await subject.store.open()
  for (const how of ENDINGS) {
    for (const [index, { trap, isThere }] of cutsAt({ type: 'Q' }, { type: 'C' }).entries()) {
      const ids = [`cut ${how} ${index} a`, `cut ${how} ${index} b`]
      const armed = proxy.trap({ ...trap, contains: 'COMMIT', how })
      expect([ids, await fate(subject.putTogether(ids))]).toEqual([ids, 'OUTCOME_UNKNOWN'])
      await armed.sprung
      await subject.expectSound(ids[0])
      const stored = await subject.stored()
      const there = ids.filter((id) => stored.has(id)).length
      expect({ yes: [2], no: [0], perhaps: [0, 2] }[isThere]).toContain(there)
    }
  }
})

test.each(['BEGIN', 'a statement'])('a transaction that is cut off at %s has done nothing', async (at) => {
  await using subject = await throughProxy()
  await subject.put('first')
  const isBegin = at === 'BEGIN'
  const cuts = isBegin ? cutsAt({ type: 'Q' }, { type: 'C' }) : cutsAt({ type: 'B' }, { type: 'D' })
  for (const how of ENDINGS) {
    for (const [index, { trap }] of cuts.entries()) {
      const id = `cut ${how} ${index}`
      const armed = proxy.trap({ ...trap, contains: isBegin ? 'BEGIN' : id, how })
      expect([id, await fate(subject.putTogether([id]))]).toEqual([id, 'UNAVAILABLE'])
      await armed.sprung
      await subject.expectSound(id)
      expect((await subject.stored()).has(id)).toBe(false)
    }
  }
})

test('a transaction with an idempotency key, asked for again, happens once, wherever it was cut off', async () => {
  await using subject = await throughProxy()
  const add = async (key: string): Promise<string> => {
    const run = subject.store.transaction(
      async (tx) => {
        const counter = await tx.collection(marks).get(key)
        await tx.collection(marks).put({ id: key, group: String(Number(counter?.group ?? 0) + 1) })
      },
      { idempotencyKey: key },
    )
    return fate(run)
  }
  await add('warm')
  const cuts = [
    ...cutsAt({ type: 'Q' }, { type: 'C' }).map((cut) => ({ ...cut, at: 'COMMIT' })),
    ...cutsAt({ type: 'B' }, { type: 'D' }).map((cut) => ({ ...cut, at: 'key' })),
  ]
  const first: string[] = []
  for (const [index, { trap, at }] of cuts.entries()) {
    const key = `key ${index}`
    const armed = proxy.trap({ ...trap, contains: at === 'key' ? key : at })
    const fates = [await add(key)]
    await armed.sprung
    while (fates.at(-1) !== 'ok') fates.push(await add(key))
    // Once more, as a caller does who never heard the answer.
    await add(key)
    first.push(fates[0] ?? '')
    expect([key, (await subject.marks.get(key))?.group]).toEqual([key, '1'])
    await subject.expectSound(key)
  }
  // What nobody could tell was looked up, without the caller.
  expect(Object.keys(tally(first)).filter((code) => code !== 'ok' && code !== 'UNAVAILABLE')).toEqual([])
  expect(tally(first).ok).toBeGreaterThanOrEqual(cuts.length / 2)
})

/** Silence for longer than this, beyond statementTimeoutMs, ends a call: the grace, and a request to cancel. */
const PATIENCE_MS = 500 + 1_000
const STATEMENT_TIMEOUT_MS = 200
/** For a machine that has other things to do. */
const SLACK_MS = 1_000

test('silence, of the server, of the client or of both, ends every call in time', async () => {
  await Promise.all([silence(undefined), silence('client'), silence('server')])
})

/** Lets nothing through towards one side, or both, while a store is asked for all kinds of things. */
async function silence(to: Sender | undefined): Promise<void> {
  const place = await database()
  await using line = await tcpProxy(place.url)
  const bounds = { statementTimeoutMs: STATEMENT_TIMEOUT_MS, connectTimeoutMs: 300 }
  await using subject = await rig(place, { ...bounds, max: 10, through: line.url(place.url) })
  await using second = await rig(place, { ...bounds, max: 10, through: line.url(place.url) })
  for (const each of [subject, second]) {
    await each.put('there')
    // So many connections are open that no call has to make one.
    await Promise.all(Array.from({ length: 5 }, () => each.marks.find({})))
    await Promise.all(Array.from({ length: 5 }, () => each.putTogether(['there'])))
  }
  const { promise: isOpen, resolve: onOpen } = Promise.withResolvers<void>()
  const { promise: isSilent, resolve: onSilent } = Promise.withResolvers<void>()
  const committing = second.store.transaction(async (tx) => {
    await tx.collection(marks).put({ id: 'committing', group: 'g' })
    onOpen()
    await isSilent
  })
  await isOpen
  line.pause(to)
  onSilent()
  const calls = {
    get: timedFate(subject.marks.get('there')),
    find: timedFate(subject.marks.find({})),
    count: timedFate(subject.marks.count({})),
    transaction: timedFate(subject.putTogether(['never'])),
    put: timedFate(second.marks.put({ id: 'alone', group: 'g' })),
    commit: timedFate(committing),
  }
  const ended = await Promise.all(
    Object.entries(calls).map(async ([name, call]) => ({ name, ...(await call) })),
  )
  expect(Object.fromEntries(ended.map(({ name, fate }) => [name, fate]))).toEqual({
    get: 'TIMEOUT',
    find: 'TIMEOUT',
    count: 'TIMEOUT',
    transaction: 'TIMEOUT',
    put: 'OUTCOME_UNKNOWN',
    commit: 'OUTCOME_UNKNOWN',
  })
  const longest = Math.max(...ended.map(({ ms }) => ms))
  expect(longest).toBeLessThan(STATEMENT_TIMEOUT_MS + PATIENCE_MS + SLACK_MS)
  // A connection that can't be made is given up in time as well.
  await using late = await rig(place, { ...bounds, through: line.url(place.url) })
  expect((await timedFate(late.store.open())).fate).toBe('TIMEOUT')
  line.resume()
  const recovered = await timedFate(
    Promise.all([subject.expectSound(), second.expectSound(), late.expectSound()]),
  )
  expect(recovered.fate).toBe('ok')
  expect(recovered.ms).toBeLessThan(1_000 + SLACK_MS)
  expect((await subject.stored()).has('never')).toBe(false)
}

test('a batch that hears nothing has an unknown outcome, also on a connection that answers step by step', async () => {
  await using subject = await throughProxy({ lent: 2 })
  await subject.put('first')
  // The statements before COMMIT went unheard: COMMIT was never sent.
  const early = proxy.trap({ from: 'client', type: 'B', contains: 'early', moment: 'answered' })
  expect(await fate(subject.put('early'))).toBe('UNAVAILABLE')
  await early.sprung
  await subject.expectSound()
  const late = proxy.trap({ from: 'client', type: 'Q', contains: 'COMMIT', moment: 'answered' })
  expect(await fate(subject.put('late'))).toBe('OUTCOME_UNKNOWN')
  await late.sprung
  await subject.expectSound()
  const stored = await subject.stored()
  expect([stored.has('early'), stored.has('late')]).toEqual([false, true])
})
