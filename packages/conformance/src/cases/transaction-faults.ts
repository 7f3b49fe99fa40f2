import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import { type Backend, type BackendTransaction, StoreError } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { overridden, withWrapped } from '../wrapped-backend.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
})

/** Transactions whose attempts end in a conflict, as often as given. */
const conflicting =
  (times: number) =>
  (backend: Backend): Partial<Backend> => {
    let left = times
    return {
      transaction: (run) =>
        backend.transaction(async (transaction) => {
          const result = await run(transaction)
          if (left-- > 0) throw new StoreError('CONFLICT', 'a planted conflict')
          return result
        }),
    }
  }

/** Transactions in which one call of a method fails as an engine fails. */
const failing =
  (method: 'write' | 'read') =>
  (backend: Backend): Partial<Backend> => ({
    transaction: (run) =>
      backend.transaction((transaction) => {
        const replaced: Partial<BackendTransaction> = {
          [method]: async () => {
            throw new StoreError('INTERNAL', 'a planted failure of the engine')
          },
        }
        return run(overridden(transaction, replaced))
      }),
  })

/** A backend whose first commit is cut off before or after it happened. */
const unknownOutcome =
  (committed: boolean) =>
  (backend: Backend): Partial<Backend> => {
    let cut = false
    const lost = () => new StoreError('OUTCOME_UNKNOWN', 'a planted loss of the connection')
    return {
      transaction: async (run) => {
        const isFirst = !cut
        cut = true
        if (!isFirst) return backend.transaction(run)
        if (committed) {
          await backend.transaction(run)
          throw lost()
        }
        return backend.transaction(async (transaction) => {
          await run(transaction)
          throw lost()
        })
      },
    }
  }

/** X3, X4, X7: what core makes of an engine's failures in a transaction. */
export const transactionFaultCases: readonly Case[] = [
  {
    id: 'X3-conflict-runs-again',
    clause: 'X3',
    title: 'a transaction that conflicts is undone and its callback runs again, with one effect',
    run: (context) =>
      withWrapped(context, conflicting(2), async (store) => {
        await store.collection(things).put({ id: 'a', n: 0 })
        let runs = 0
        const answer = await store.transaction(async (tx) => {
          runs++
          const { n } = (await tx.collection(things).get('a')) ?? { n: Number.NaN }
          await tx.collection(things).put({ id: 'a', n: n + 1 })
          return runs
        })
        assert.deepEqual([answer, runs], [3, 3])
        assert.deepEqual(await store.collection(things).get('a'), { id: 'a', n: 1 })
      }),
  },
  {
    id: 'X3-bounded',
    clause: 'X3',
    title: 'a transaction that keeps conflicting runs maxAttempts times and fails with CONFLICT',
    run: (context) =>
      withWrapped(context, conflicting(1_000), async (store) => {
        await store.collection(things).count()
        for (const maxAttempts of [1, 3]) {
          let runs = 0
          const work = store.transaction(
            async (tx) => {
              runs++
              await tx.collection(things).put({ id: 'a', n: 1 })
            },
            { maxAttempts },
          )
          await assert.rejects(work, { code: 'CONFLICT', retry: 'transaction' })
          assert.equal(runs, maxAttempts)
        }
        assert.equal(await store.collection(things).count(), 0)
      }),
  },
  {
    id: 'X3-store-bound',
    clause: 'X3',
    title: 'the store’s maxAttempts holds where the call gives none',
    run: (context) =>
      withWrapped(
        context,
        conflicting(1_000),
        async (store) => {
          let runs = 0
          await assert.rejects(
            store.transaction(async () => runs++),
            { code: 'CONFLICT' },
          )
          assert.equal(runs, 2)
        },
        { maxAttempts: 2 },
      ),
  },
  ...(['write', 'read'] as const).map(
    (method): Case => ({
      id: `X4-swallowed-${method}`,
      clause: 'X4',
      title: `a ${method} that failed in the engine dooms the transaction, even if the callback swallows it`,
      run: (context) =>
        withWrapped(context, failing(method), async (store) => {
          await store.collection(things).count()
          const work = store.transaction(async (tx) => {
            const inner = tx.collection(things)
            if (method === 'read') await inner.put({ id: 'a', n: 1 })
            const fails = method === 'write' ? inner.put({ id: 'a', n: 1 }) : inner.get('a')
            await assert.rejects(fails, { code: 'INTERNAL' })
            await assert.rejects(inner.count(), { code: 'TRANSACTION_ABORTED' })
            return 'done'
          })
          await assert.rejects(work, { code: 'TRANSACTION_ABORTED' })
          assert.equal(await store.collection(things).count(), 0)
        }),
    }),
  ),
  {
    id: 'X7-unknown-not-repeated',
    clause: 'X7',
    title: 'an unknown outcome is told, and the callback is not run again blindly',
    run: (context) =>
      withWrapped(context, unknownOutcome(true), async (store) => {
        await store.collection(things).count()
        let runs = 0
        const work = store.transaction(async (tx) => {
          runs++
          await tx.collection(things).put({ id: 'a', n: 1 })
        })
        await assert.rejects(work, { code: 'OUTCOME_UNKNOWN' })
        assert.equal(runs, 1)
      }),
  },
  ...[true, false].map(
    (committed): Case => ({
      id: `X7-unknown-${committed ? 'committed' : 'lost'}`,
      clause: 'X7',
      title: `with an idempotency key an unknown outcome that ${committed ? 'was' : 'was not'} committed has one effect`,
      run: (context) =>
        withWrapped(context, unknownOutcome(committed), async (store) => {
          await store.collection(things).put({ id: 'a', n: 0 })
          const add = () =>
            store.transaction(
              async (tx) => {
                const { n } = (await tx.collection(things).get('a')) ?? { n: Number.NaN }
                await tx.collection(things).put({ id: 'a', n: n + 1 })
                return { n: n + 1 }
              },
              { idempotencyKey: 'add-1' },
            )
          assert.deepEqual(await add(), { n: 1 })
          assert.deepEqual(await add(), { n: 1 })
          assert.deepEqual(await store.collection(things).get('a'), { id: 'a', n: 1 })
        }),
    }),
  ),
]
