import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { createStore } from '../src/create-store.ts'
import { defineCollection } from '../src/definition.ts'
import { StoreError } from '../src/errors.ts'
import { defineLog } from '../src/log-definition.ts'
import { driverConflict, type FakeHooks, fakeBackend, gate, readyWork } from './fake-backend.ts'

const schema = z.object({ id: z.string(), n: z.int().optional(), parent: z.string().optional() })
const things = defineCollection({ name: 'things', schema, key: 'id', fields: { n: 'index' } })
const children = defineCollection({
  name: 'children',
  schema,
  key: 'id',
  references: { parent: { collection: 'things' } },
})
const events = defineLog({
  name: 'events',
  schema: z.object({ id: z.string(), stream: z.string(), n: z.int(), hash: z.string(), before: z.string() }),
  key: 'id',
  chain: { stream: 'stream', sequence: 'n', hash: 'hash', previous: 'before' },
})

function open(hooks: FakeHooks = {}, options: { timeoutMs?: number; cleanupEveryMs?: number } = {}) {
  const backend = fakeBackend(hooks)
  const store = createStore({ backend, ...options })
  return { backend, store, things: store.collection(things), log: store.log(events) }
}

describe('opening and closing', () => {
  test('a store without collections opens its backend, and again after a failure', async () => {
    let fails = true
    const backend = fakeBackend({
      open: () => {
        if (fails) throw new StoreError('UNAVAILABLE', '')
      },
    })
    const store = createStore({ backend })
    await expect(store.open()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    fails = false
    await store.open()
    await store.open()
    expect(backend.calls).toEqual(['open ', 'open '])
  })

  test('concurrent first operations share one opening', async () => {
    const { backend, things } = open()
    await Promise.all([things.get('a'), things.put({ id: 'a' }), things.count()])
    expect(backend.calls.filter((call) => call.startsWith('open'))).toHaveLength(1)
  })

  test('closing waits for work in flight, refuses the rest, and may be asked for twice', async () => {
    const way = gate()
    const { store, backend, things } = open({ write: () => way.opened })
    const put = things.put({ id: 'a' })
    await readyWork()
    const closing = [store.close(), store.close()]
    await expect(things.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(backend.calls).not.toContain('close')
    way.open()
    expect(await put).toBe(1)
    await Promise.all(closing)
    expect(backend.calls.filter((call) => call === 'close')).toHaveLength(1)
  })

  test('closing waits for a cleanup of the store’s own', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const way = gate()
    const { store, backend } = open({ sweep: () => way.opened }, { cleanupEveryMs: 1_000 })
    await store.open()
    vi.advanceTimersByTime(1_000)
    vi.useRealTimers()
    await readyWork()
    const closing = store.close()
    await readyWork()
    expect(backend.calls).toContain('sweep')
    expect(backend.calls).not.toContain('close')
    way.open()
    await closing
    expect(backend.calls.at(-1)).toBe('close')
  })

  test('a method that answers with a promise never throws at once', async () => {
    const { store, things, log } = open()
    await store.open()
    const calls = (on: typeof things, other: typeof log) => [
      () => on.history(''),
      () => on.getAt('', { version: 1 }),
      () => on.verify(''),
      () => other.read(''),
      () => other.verify(''),
    ]
    const refused = async (call: () => Promise<unknown>) =>
      expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    for (const call of calls(things, log)) await refused(call)
    await store.transaction(async (tx) => {
      for (const call of calls(tx.collection(things.definition), tx.log(events))) await refused(call)
    })
    await refused(() => store.transaction(async () => 1, { nope: 1 } as object))
    await refused(() => store.cleanupExpired({ nope: 1 } as object))
  })
})

describe('a transaction', () => {
  test.each([
    { timeoutMs: Number.POSITIVE_INFINITY },
    { timeoutMs: 0 },
    { timeoutMs: 3_000_000_000 },
    { maxAttempts: 0 },
    { maxAttempts: 1.5 },
  ])('is refused with %j', async (options) => {
    const { store } = open()
    await expect(store.transaction(async () => 1, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('is run again when its commit conflicts, or the check of its references', async () => {
    let conflicts = 2
    const conflict = () => {
      if (conflicts-- > 0) throw driverConflict()
    }
    for (const hooks of [{ commit: conflict }, { read: conflict }]) {
      conflicts = 2
      const { store } = open(hooks)
      store.collection(children)
      let runs = 0
      await store.transaction(async (tx) => {
        runs++
        await tx.collection(things).put({ id: 'p' })
        await tx.collection(children).put({ id: 'c', parent: 'p' })
      })
      expect(runs).toBe(3)
    }
  })

  test('that is timed out while its references are checked is not committed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const checking = gate()
    const way = gate()
    let commits = 0
    const { store, things: outer } = open({
      read: () => {
        checking.open()
        return way.opened
      },
      commit: () => void commits++,
    })
    store.collection(children)
    const answer = store.transaction(
      async (tx) => {
        await tx.collection(things).put({ id: 'p' })
        await tx.collection(children).put({ id: 'c', parent: 'p' })
      },
      { timeoutMs: 50 },
    )
    const refused = expect(answer).rejects.toMatchObject({ code: 'TIMEOUT' })
    await checking.opened
    vi.advanceTimersByTime(50)
    await refused
    way.open()
    vi.useRealTimers()
    await readyWork()
    expect(commits).toBe(0)
    expect(await outer.count()).toBe(0)
  })

  test('ends with its callback: what that left running is let in no more while it is undone', async () => {
    const { store } = open({ rollback: readyWork })
    let late: Promise<unknown> | undefined
    const failing = store.transaction(async (tx) => {
      const inside = tx.collection(things)
      late = inside.get('a').then(() => inside.put({ id: 'b' }))
      late.catch(() => undefined)
      throw new Error('mine')
    })
    await expect(failing).rejects.toThrow('mine')
    await expect(late).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' })
  })

  test('that is nested ends with its callback, too', async () => {
    const { store, things: outer } = open({ rollback: readyWork })
    await store.transaction(async (tx) => {
      await tx.collection(things).put({ id: 'kept' })
      const failing = tx.transaction(async (nested) => {
        const inside = nested.collection(things)
        inside
          .get('a')
          .then(() => inside.put({ id: 'leaked' }))
          .catch(() => undefined)
        throw new Error('mine')
      })
      await expect(failing).rejects.toThrow('mine')
    })
    const { records } = await outer.find()
    expect(records.map(({ id }) => id)).toEqual(['kept'])
  })

  test('is doomed by an engine’s failure beside a nested one', async () => {
    const { store } = open({
      read: () => {
        throw new Error('driver')
      },
    })
    await expect(
      store.transaction(async (tx) => {
        const failing = tx.collection(things).get('a')
        const seen = expect(failing).rejects.toMatchObject({ code: 'INTERNAL' })
        await tx.transaction(() => readyWork())
        await seen
      }),
    ).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
  })

  test('refuses what would wait for it: a write through another store’s transaction, a close, a new collection', async () => {
    const { store, things: outer } = open()
    const other = open().store
    const added = defineCollection({ name: 'added', schema, key: 'id' })
    await store.transaction(async () => {
      const refused = {
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('wait for the transaction itself'),
      }
      await other.transaction(async () => expect(outer.put({ id: 'a' })).rejects.toMatchObject(refused))
      await expect(store.close()).rejects.toMatchObject(refused)
      await expect(store.collection(added).get('a')).rejects.toMatchObject(refused)
    })
    expect(await store.collection(added).get('a')).toBeUndefined()
  })
})

describe('writing', () => {
  test('an update throws on what its function throws, and calls it once', async () => {
    const { things } = open()
    await things.put({ id: 'a' })
    let calls = 0
    const updating = things.update('a', () => {
      calls++
      throw new StoreError('VERSION_CONFLICT', 'of another record')
    })
    await expect(updating).rejects.toThrow('of another record')
    expect(calls).toBe(1)
  })

  test('an update begins again when another write comes between', async () => {
    const { things } = open()
    await things.put({ id: 'a', n: 0 })
    let calls = 0
    const version = await things.update('a', async (thing) => {
      if (++calls === 1) await things.put({ id: 'a', n: 10 })
      return { ...thing, n: (thing.n ?? 0) + 1 }
    })
    expect([calls, version, await things.get('a')]).toEqual([2, 3, { id: 'a', n: 11 }])
  })

  test('a refusal names the record of a bulk call whose reference does not hold', async () => {
    const { store, things } = open()
    await things.put({ id: 'p' })
    const records = [{ id: 'a', parent: 'p' }, { id: 'b' }, { id: 'c', parent: 'nobody' }]
    await expect(store.collection(children).putMany(records)).rejects.toMatchObject({
      code: 'REFERENCE_VIOLATION',
      index: 2,
    })
  })

  test('an insert takes no condition of another kind', async () => {
    const { things } = open()
    await things.put({ id: 'a' })
    await expect(things.insert({ id: 'a' }, { ifVersion: 1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test.each([{}, { and: [] }, { or: [{}] }, { not: { or: [] } }])(
    'a deletion of all that match %j is refused',
    async (filter) => {
      const { things } = open()
      await things.put({ id: 'a' })
      await expect(things.deleteMany(filter)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      expect(await things.count()).toBe(1)
    },
  )
})

describe('a log', () => {
  test('takes an entry’s word for its place when others have moved the head', async () => {
    const { store, log } = open()
    await log.append('s', [{ id: 'a' }])
    await store.transaction((tx) => tx.log(events).append('s', [{ id: 'b' }]))
    const [entry] = await log.append('s', [{ id: 'c', n: 3 }])
    expect(entry?.n).toBe(3)
    await expect(log.append('s', [{ id: 'd', n: 3 }])).rejects.toMatchObject({ code: 'VERSION_CONFLICT' })
  })

  test('answers a repeated entry only with what is stored', async () => {
    const { log } = open()
    await log.append('s', [{ id: 'there' }])
    const refused = log.append('s', [{ id: 'new' }, { id: 'there' }])
    const repeated = log.append('s', [{ id: 'new' }], { onDuplicate: 'skip' })
    await expect(refused).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const [entry] = await repeated
    expect(await log.get('new')).toEqual(entry)
    expect(await log.verify('s')).toEqual({ ok: true, entries: 2 })
  })

  test('refuses one append without harm to those that share its commit', async () => {
    const { log } = open()
    await log.append('s', [{ id: 'a' }])
    const bad = log.append('s', [{ id: 'a', n: 1, before: 5 as unknown as string }], { onDuplicate: 'skip' })
    const good = log.append('s', [{ id: 'b' }])
    await expect(bad).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await good).toMatchObject([{ id: 'b', n: 2 }])
  })

  test('drops an append that is aborted before it begins', async () => {
    const { log } = open()
    const controller = new AbortController()
    const answer = log.append('s', [{ id: 'a' }], { signal: controller.signal })
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(log.append('s', [{ id: 'a' }], { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    expect(await log.count()).toBe(0)
  })

  test('refuses what is no entry, by its position, and another word for repeated ones', async () => {
    const { log } = open()
    await expect(log.append('s', [{ id: 'a' }, null as never])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      index: 1,
    })
    await expect(log.append('s', [], { onDuplicate: 'ignore' as 'skip' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await log.head('s')).toBeUndefined()
  })

  test('contains the head of an empty stream', async () => {
    const { log } = open()
    await log.append('s', [{ id: 'a' }])
    const expectedHead = { sequence: 0, hash: '0'.repeat(64) }
    expect(await log.verify('s', { expectedHead })).toEqual({ ok: true, entries: 1 })
  })
})
