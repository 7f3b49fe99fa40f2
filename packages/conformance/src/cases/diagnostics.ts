import assert from 'node:assert/strict'
import { type Channel, channel } from 'node:diagnostics_channel'
import type { Case } from '../case.ts'
import { everythingOf, happeningsOf } from '../method-calls.ts'

const NAMES = ['coffer:operation', 'coffer:batch', 'coffer:transaction', 'coffer:cleanup'] as const
/** Stands in every key, value and tenant of the case. */
const CANARY = 'canary'

type Events = Map<string, Record<string, unknown>[]>

/** Listens on all channels while work runs. */
async function listening(work: () => Promise<void>): Promise<Events> {
  const events: Events = new Map(NAMES.map((name) => [name, []]))
  const listeners = NAMES.map((name) => {
    const listener = (message: unknown) => events.get(name)?.push(message as Record<string, unknown>)
    channel(name).subscribe(listener)
    return () => channel(name).unsubscribe(listener)
  })
  try {
    await work()
  } finally {
    for (const stop of listeners) stop()
  }
  return events
}

/** D: what a store tells of itself. */
export const diagnosticsCases: readonly Case[] = [
  {
    id: 'D1-events',
    clause: 'D1',
    title: 'operations, batches, transactions and cleanups are told of with their length and their failure',
    run: async (context) => {
      const store = context.store()
      const events = await listening(async () => {
        await everythingOf(store).put({ id: 'a', note: 'x' })
        await everythingOf(store)
          .insert({ id: 'a', note: 'x' })
          .catch(() => undefined)
        await store.transaction(async (tx) => everythingOf(tx).get('a'))
        await store.cleanupExpired()
      })
      const told = (name: string, member: string) => events.get(name)?.map((event) => event[member])
      const operations = events.get('coffer:operation')?.filter((event) => event.collection === 'everything')
      assert.deepEqual(
        operations?.map((event) => [event.operation, event.error]),
        [
          ['put', undefined],
          ['insert', 'ALREADY_EXISTS'],
          ['get', undefined],
        ],
      )
      assert.deepEqual(told('coffer:batch', 'operations'), [1, 1])
      assert.deepEqual(told('coffer:transaction', 'attempts'), [1])
      assert.deepEqual(told('coffer:cleanup', 'removed'), [0])
      for (const event of [...events.values()].flat()) assert.ok(Number(event.durationMs) >= 0)
    },
  },
  {
    id: 'D2-no-content',
    clause: 'D2',
    title: 'no event carries a key, a value, a stream or a tenant',
    run: async (context) => {
      const store = context.store().tenant(`tenant-${CANARY}`)
      const events = await listening(async () => {
        await everythingOf(store).put({ id: `key-${CANARY}`, note: CANARY, tags: [CANARY] })
        await everythingOf(store).find({ where: { note: CANARY } })
        await everythingOf(store)
          .insert({ id: `key-${CANARY}`, note: CANARY })
          .catch(() => undefined)
        await happeningsOf(store).append(`stream-${CANARY}`, [{ event_id: CANARY, note: CANARY }])
        await store.transaction((tx) => everythingOf(tx).delete(`key-${CANARY}`))
        await store.cleanupExpired()
      })
      const text = JSON.stringify([...events])
      assert.ok(text.length > 500, 'events were told')
      assert.equal(text.includes(CANARY), false, text)
    },
  },
  {
    id: 'D3-silence',
    clause: 'D3',
    title: 'nothing is published while nobody listens',
    run: async (context) => {
      const store = context.store()
      let published = 0
      const channels: Channel[] = NAMES.map((name) => channel(name))
      for (const each of channels) {
        Object.defineProperty(each, 'publish', {
          value: () => published++,
          configurable: true,
          writable: true,
        })
      }
      try {
        await everythingOf(store).put({ id: 'a', note: 'x' })
        await store.transaction((tx) => everythingOf(tx).get('a'))
        await store.cleanupExpired()
      } finally {
        for (const each of channels) Reflect.deleteProperty(each, 'publish')
      }
      assert.equal(published, 0)
    },
  },
]
