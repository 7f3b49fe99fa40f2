import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, type Snapshot } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { comparable, heldBy, heldIn, rowsIn } from '../held-contents.ts'
import { Gate } from './cached-store.ts'

const schema = z.object({ id: z.string(), n: z.int() })
const things = defineCollection({ name: 'things', schema, key: 'id', fields: { n: 'index' } })
const others = defineCollection({ name: 'others', schema, key: 'id', history: true })
/** Made while a snapshot is held. */
const later = defineCollection({ name: 'later', schema, key: 'id' })

async function filled(context: CaseContext): Promise<BaseStore> {
  const store = context.store()
  await store.collection(things).putMany(['a', 'b', 'c', 'd'].map((id) => ({ id, n: 1 })))
  await store.collection(others).put({ id: 'a', n: 1 })
  return store
}

/** The numbers of the things in a snapshot, by key. */
async function numbersIn(snapshot: Snapshot): Promise<Record<string, unknown>> {
  const rows = await rowsIn(snapshot, things.layout)
  return Object.fromEntries(rows.map(({ id, fields }) => [id, fields[0]]))
}

const numbersOf = (store: BaseStore) => store.place().snapshot(numbersIn)

/** Lets work that was begun go on, without waiting for its end: it may wait for what comes next. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

const oneState: readonly Case[] = [
  {
    id: 'O3-writes-unseen',
    clause: 'O3',
    title:
      'writes of the same store go on inside the callback, and the snapshot stays as it was, page by page',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const before = comparable(await heldBy(store))
      const collection = store.collection(things)
      await store.place().snapshot(async (snapshot) => {
        const [first] = await snapshot.rows(things.layout, undefined, 1)
        await collection.put({ id: 'c', n: 2 })
        await collection.delete('b')
        await collection.insert({ id: 'e', n: 2 })
        await store.collection(others).delete('a')
        await store.tenant('another').collection(things).put({ id: 'a', n: 2 })
        const [second] = await snapshot.rows(things.layout, first, 1)
        assert.deepEqual([second?.id, second?.fields], ['b', [1]])
        assert.deepEqual(comparable(await heldIn(snapshot, 2)), before)
        await collection.clear()
        assert.deepEqual(comparable(await heldIn(snapshot)), before)
      })
      assert.deepEqual(await numbersOf(store), { a: 2 })
    },
  },
  {
    id: 'O3-transactions-unseen',
    clause: 'O3',
    title: 'transactions inside the callback are committed and not seen',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const before = comparable(await heldBy(store))
      await store.place().snapshot(async (snapshot) => {
        await store.transaction(async (tx) => {
          await tx.collection(things).put({ id: 'a', n: 5 })
          await tx.collection(others).put({ id: 'z', n: 5 })
        })
        assert.deepEqual(comparable(await heldIn(snapshot)), before)
      })
      assert.equal((await numbersOf(store)).a, 5)
    },
  },
  {
    id: 'O3-sweeps-unseen',
    clause: 'O3',
    title: 'a cleanup inside the callback takes nothing from the snapshot, and its floors are not seen',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      await store.collection(things).put({ id: 'a', n: 1 }, { ttlMs: 1 })
      const before = comparable(await heldBy(store))
      await store.place().snapshot(async (snapshot) => {
        context.clock.advance(1)
        assert.equal(await store.cleanupExpired(), 1)
        assert.deepEqual(comparable(await heldIn(snapshot)), before)
      })
    },
  },
  {
    id: 'O3-made-later',
    clause: 'O3',
    title: 'a collection that is made inside the callback is not in the snapshot',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      await store.place().snapshot(async (snapshot) => {
        await store.collection(later).put({ id: 'a', n: 1 })
        assert.equal(
          snapshot.layouts.some(({ layout }) => layout.name === 'later'),
          false,
        )
        assert.equal((await heldIn(snapshot)).tables.length, 3)
      })
      assert.equal((await store.place().layouts()).length, 4)
    },
  },
  {
    id: 'O3-acknowledged',
    clause: 'O3',
    title: 'a snapshot has everything that was acknowledged before it was asked for',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      for (let n = 2; n < 12; n++) {
        await Promise.all(['a', 'b', 'c', 'd'].map((id) => store.collection(things).put({ id, n })))
        assert.deepEqual(await numbersOf(store), { a: n, b: n, c: n, d: n })
      }
    },
  },
  {
    id: 'O3-other-opener',
    clause: 'O3',
    title: 'a snapshot has what another opener has written before, and nothing of what it writes meanwhile',
    requires: ['contents', 'secondOpener'],
    run: async (context) => {
      const store = await filled(context)
      const other = context.store().collection(things)
      await other.put({ id: 'a', n: 2 })
      await store.place().snapshot(async (snapshot) => {
        await other.put({ id: 'b', n: 2 })
        assert.deepEqual(await numbersIn(snapshot), { a: 2, b: 1, c: 1, d: 1 })
      })
      assert.deepEqual(await numbersOf(store), { a: 2, b: 2, c: 1, d: 1 })
    },
  },
  {
    id: 'O3-several',
    clause: 'O3',
    title: 'several snapshots at once have each its own state',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const collection = store.collection(things)
      const place = store.place()
      const seen: unknown[] = []
      await place.snapshot(async (one) => {
        await collection.put({ id: 'a', n: 2 })
        await place.snapshot(async (two) => {
          await collection.put({ id: 'a', n: 3 })
          await Promise.all(
            [one, two, one].map(async (snapshot, position) => {
              seen[position] = (await numbersIn(snapshot)).a
            }),
          )
        })
        seen.push((await numbersIn(one)).a)
      })
      assert.deepEqual([...seen, (await numbersOf(store)).a], [1, 2, 1, 1, 3])
    },
  },
]

const beside: readonly Case[] = [
  {
    id: 'O3-never-half',
    clause: 'O3',
    title: 'snapshots that are taken while transactions commit see each of them whole or not at all',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const write = async () => {
        for (let n = 2; n < 14; n++) {
          await store.transaction(async (tx) => {
            await tx.collection(things).put({ id: 'a', n })
            await new Promise(setImmediate)
            await tx.collection(others).put({ id: 'a', n })
          })
        }
      }
      const seen: (readonly unknown[])[] = []
      const look = async (snapshot: Snapshot) => {
        const { a } = await numbersIn(snapshot)
        await new Promise(setImmediate)
        const [other] = await rowsIn(snapshot, others.layout)
        return [
          a,
          other?.document && JSON.parse(other.document).n,
          (await rowsIn(snapshot, historyOf())).length,
        ]
      }
      const read = async () => {
        for (let round = 0; round < 8; round++) seen.push(await store.place().snapshot(look))
      }
      await Promise.all([write(), read()])
      for (const [a, other, entries] of seen) assert.deepEqual([other, entries], [a, a])
    },
  },
  {
    id: 'O3-beside-transaction',
    clause: 'O3',
    title: 'beside an open transaction a snapshot sees none of it, or waits and sees all of it',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const gate = new Gate()
      const transaction = store.transaction(async (tx) => {
        await tx.collection(things).put({ id: 'a', n: 9 })
        await gate.pass()
        await tx.collection(things).put({ id: 'b', n: 9 })
      })
      await gate.reached
      const snapshot = numbersOf(store)
      await someTurns()
      gate.open()
      const [{ a, b }] = await Promise.all([snapshot, transaction])
      assert.ok(a === b && (a === 1 || a === 9), `a is ${a}, b is ${b}`)
    },
  },
  {
    id: 'O3-undone',
    clause: 'O3',
    title: 'what a transaction wrote that is undone is never in a snapshot',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const gate = new Gate()
      const transaction = store.transaction(async (tx) => {
        await tx.collection(things).put({ id: 'a', n: 9 })
        await gate.pass()
        throw new Error('undone on purpose')
      })
      await gate.reached
      const snapshot = numbersOf(store)
      await someTurns()
      gate.open()
      const [{ a }] = await Promise.all([snapshot, assert.rejects(transaction, /undone on purpose/)])
      assert.equal(a, 1)
    },
  },
  {
    id: 'O3-read-only-anomaly',
    clause: 'O3',
    title:
      'a snapshot beside two transactions that read and write is explained by a serial order (Fekete 2004)',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const accounts = store.collection(things)
      await accounts.putMany(['checking', 'savings'].map((id) => ({ id, n: 0 })))
      const gate = new Gate()
      // Takes 10 from the one account, and a fee of 1 where both together do not cover it.
      const withdrawal = store.transaction(async (tx) => {
        const [checking, savings] = await tx.collection(things).getMany(['checking', 'savings'])
        await gate.pass()
        const total = (checking?.n ?? 0) + (savings?.n ?? 0) - 10
        await tx.collection(things).put({ id: 'checking', n: (checking?.n ?? 0) - (total < 0 ? 11 : 10) })
      })
      await gate.reached
      const deposit = store.transaction(async (tx) => {
        await tx.collection(things).put({ id: 'savings', n: 20 })
      })
      // Where the engine lets one writer in at a time, the deposit waits for the withdrawal.
      await Promise.race([deposit, someTurns()])
      const snapshot = numbersOf(store)
      await Promise.race([snapshot, someTurns()])
      gate.open()
      const [seen] = await Promise.all([snapshot, withdrawal, deposit])
      const { checking } = await numbersOf(store)
      assert.ok(
        !(seen.checking === 0 && seen.savings === 20 && checking === -11),
        'the snapshot saw the deposit before the withdrawal, and the withdrawal did not',
      )
    },
  },
]

function historyOf() {
  assert.ok(others.layout.history)
  return others.layout.history
}

const ends: readonly Case[] = [
  {
    id: 'O3-throws',
    clause: 'O3',
    title:
      'what the callback throws is thrown on as it is, what it answers is answered, and nothing is held then',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const thrown = new Error('thrown by the case')
      for (let round = 0; round < 30; round++) {
        await assert.rejects(
          store.place().snapshot(async (snapshot) => {
            if (round % 2 === 0) await numbersIn(snapshot)
            throw thrown
          }),
          (error) => error === thrown,
        )
      }
      await store.collection(things).put({ id: 'a', n: 2 })
      assert.equal(await store.place().snapshot(async (snapshot) => (await numbersIn(snapshot)).a), 2)
    },
  },
  {
    id: 'O3-close-waits',
    clause: 'O3',
    title: 'a close waits until the callback has ended',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const gate = new Gate()
      const order: string[] = []
      const reading = store.place().snapshot(async (snapshot) => {
        await gate.pass()
        await someTurns()
        order.push(`read ${(await rowsIn(snapshot, things.layout)).length}`)
      })
      await gate.reached
      const closing = store.close().then(() => order.push('closed'))
      gate.open()
      await Promise.all([reading, closing])
      assert.deepEqual(order, ['read 4', 'closed'])
    },
  },
]

/** O3: a snapshot is one state. */
export const snapshotStateCases: readonly Case[] = [...oneState, ...beside, ...ends]
