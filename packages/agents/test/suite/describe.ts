/** Shows the suite of the agent stores to Vitest: every case on one backend, in transactions, and through the cache. */

import { type Harness, ManualClock, type Place } from '@coffer/conformance'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type AgentStore, createAgentStore } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { agentCases } from './cases.ts'
import { inTransactions } from './in-transactions.ts'

/** A harness whose places share something that has to be taken away after the last of them. */
type EndingHarness = Harness & { end?(): Promise<void> }

const START = Date.parse('2026-03-01T12:00:00.000Z')
const CACHE = { ttlMs: 60_000, maxEntries: 1_000 }

/** How the cases run. */
interface Variant {
  readonly title: string
  readonly cached: boolean
  readonly suits: (each: AgentCase) => boolean
  readonly dress: (store: AgentStore) => AgentStore
}

const VARIANTS: readonly Variant[] = [
  { title: 'as they are', cached: false, suits: () => true, dress: (store) => store },
  { title: 'through the cache', cached: true, suits: () => true, dress: (store) => store },
  {
    title: 'in transactions',
    cached: false,
    suits: (each) => each.inTransactions !== false,
    dress: inTransactions,
  },
]

/** Declares the whole suite as tests. Call it once in a test file, after whatever else ends with the file. */
export function describeAgentStores(harness: EndingHarness): void {
  describe(`the agent stores on ${harness.name}`, () => {
    // Throws where a store has left a connection open.
    afterAll(async () => harness.end?.())
    for (const variant of VARIANTS) describeVariant(harness, variant)
  })
}

function describeVariant(harness: Harness, { title, cached, suits, dress }: Variant): void {
  describe(title, () => {
    const clock = new ManualClock(START)
    const open = (place: Place) =>
      createAgentStore({ backend: place.backend(), clock, ...(cached && { cache: CACHE }) })
    let place: Place
    let store: AgentStore
    beforeAll(async () => {
      place = await harness.create()
      store = open(place)
    })
    afterAll(async () => {
      await store.close()
      await place.destroy()
    })
    for (const each of agentCases.filter(suits)) {
      test(`${each.id}: ${each.title}`, async () => {
        clock.set(START)
        if (each.alone === true) return runAlone(harness, each, clock, open, dress)
        await each.run({
          store: dress(store.tenant(each.id)),
          otherTenant: dress(store.tenant(`other than ${each.id}`)),
          clock,
          tamper: async () => {
            throw new Error(`${each.id} tampers with the store, so it has to be alone`)
          },
        })
      })
    }
    test('nothing has reached a tenant that nobody wrote to', () => nothingIn(store.tenant('nobody')))
  })
}

async function runAlone(
  harness: Harness,
  each: AgentCase,
  clock: ManualClock,
  open: (place: Place) => AgentStore,
  dress: (store: AgentStore) => AgentStore,
): Promise<void> {
  const place = await harness.create()
  const store = open(place)
  try {
    await each.run({
      store: dress(store),
      otherTenant: dress(store.tenant('another tenant')),
      clock,
      tamper: async (collection, id, change) => {
        await place.tamper?.(collection, id, change)
        return place.tamper !== undefined
      },
    })
  } finally {
    await store.close()
    await place.destroy()
  }
}

async function nothingIn(store: AgentStore): Promise<void> {
  for (const definition of store.definitions) {
    const count = await store.collection(definition).count({}, { includeDeleted: true })
    if (count > 0)
      throw new Error(`${definition.name} holds ${count} records of a tenant that nobody wrote to`)
  }
}
