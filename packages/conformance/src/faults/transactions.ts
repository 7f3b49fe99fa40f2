/** Faults in how transactions and savepoints end: what they undo, what they keep, and what they say. */

import { isStoreError } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { alterTransaction } from './seams.ts'
import { transactionFault, UNDO } from './transaction-fault.ts'

export const transactionFaults: readonly Fault[] = [
  transactionFault(
    'transaction-not-rolled-back',
    'X3',
    'a transaction whose callback throws is committed',
    (backend) => ({
      transaction: async (run) => {
        let thrown: { readonly error: unknown } | undefined
        const result = await backend.transaction(async (transaction) => {
          try {
            return await run(transaction)
          } catch (error) {
            thrown = { error }
            return undefined
          }
        })
        if (thrown !== undefined) throw thrown.error
        return result as Awaited<ReturnType<typeof run>>
      },
    }),
  ),
  transactionFault(
    'transaction-commit-is-rollback',
    'X4',
    'COMMIT reports success and stores nothing',
    (backend) => ({
      transaction: async (run) => {
        let result: { readonly value: Awaited<ReturnType<typeof run>> } | undefined
        try {
          return await backend.transaction(async (transaction) => {
            result = { value: await run(transaction) }
            throw UNDO
          })
        } catch (error) {
          if (error !== UNDO || result === undefined) throw error
          return result.value
        }
      },
    }),
  ),
  transactionFault(
    'transaction-conflict-swallowed',
    'X1',
    'a transaction that conflicts reports success and stores nothing',
    (backend) => ({
      transaction: async (run) => {
        let result: { readonly value: Awaited<ReturnType<typeof run>> } | undefined
        try {
          return await backend.transaction(async (transaction) => {
            const value = await run(transaction)
            result = { value }
            return value
          })
        } catch (error) {
          if (!isStoreError(error, 'CONFLICT') || result === undefined) throw error
          return result.value
        }
      },
    }),
  ),
  transactionFault(
    'transaction-error-replaced',
    'X3',
    "the callback's error is wrapped in one of the backend's",
    (backend) => ({
      transaction: async (run) => {
        try {
          return await backend.transaction(run)
        } catch (error) {
          if (isStoreError(error)) throw error
          throw new Error('transaction failed', { cause: error })
        }
      },
    }),
  ),
  transactionFault(
    'transaction-callback-twice',
    'X3',
    'the callback runs twice though nothing conflicted',
    (backend) => ({
      transaction: async (run) => {
        await backend
          .transaction(async (transaction) => {
            await run(transaction)
            throw UNDO
          })
          .catch(() => undefined)
        return backend.transaction(run)
      },
    }),
  ),
  transactionFault(
    'transaction-refusal-undoes-all',
    'X4',
    'a refused write inside a transaction dooms it, as an engine error does',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) => {
          let doomed = false
          return run(
            overridden(transaction, {
              write: async (group, at) => {
                if (doomed) throw new Error('current transaction is aborted')
                const outcome = await transaction.write(group, at)
                doomed ||= !outcome.ok
                return outcome
              },
            }),
          )
        }),
    }),
  ),
  transactionFault(
    'transaction-group-not-rolled-back',
    'X4',
    'a refused group inside a transaction leaves its first part',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) =>
          run(
            overridden(transaction, {
              write: async (group, at) => {
                const applied = []
                for (const [index, operation] of group.operations.entries()) {
                  const outcome = await transaction.write({ operations: [operation], checks: [] }, at)
                  if (!outcome.ok) return { ...outcome, index }
                  applied.push(...outcome.applied)
                }
                return { ok: true, applied }
              },
            }),
          ),
        ),
    }),
  ),
  transactionFault(
    'savepoint-undoes-nothing',
    'X5',
    'a savepoint that throws keeps what it did',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) => run(overridden(transaction, { savepoint: (part) => part() }))),
    }),
  ),
  transactionFault(
    'savepoint-undoes-everything',
    'X5',
    'a savepoint that throws takes the whole transaction with it',
    (backend) => ({
      transaction: async (run) => {
        let undone = false
        let result: { readonly value: Awaited<ReturnType<typeof run>> } | undefined
        try {
          return await backend.transaction(async (transaction) => {
            const value = await run(
              overridden(transaction, {
                savepoint: async (part) => {
                  try {
                    return await transaction.savepoint(part)
                  } catch (error) {
                    undone = true
                    throw error
                  }
                },
              }),
            )
            result = { value }
            if (undone) throw UNDO
            return value
          })
        } catch (error) {
          if (error !== UNDO || result === undefined) throw error
          return result.value
        }
      },
    }),
  ),
  transactionFault('savepoint-kept-is-undone', 'X5', 'a savepoint that succeeds is undone', (backend) => ({
    transaction: (run) =>
      backend.transaction((transaction) =>
        run(
          overridden(transaction, {
            savepoint: async (part) => {
              let result: { readonly value: Awaited<ReturnType<typeof part>> } | undefined
              try {
                return await transaction.savepoint(async () => {
                  result = { value: await part() }
                  throw UNDO
                })
              } catch (error) {
                if (error !== UNDO || result === undefined) throw error
                return result.value
              }
            },
          }),
        ),
      ),
  })),
  transactionFault(
    'transactions-wait-for-ever',
    'X6',
    'a second transaction waits for one that waits for it',
    (backend) => {
      let busy = false
      return {
        transaction: async (run) => {
          if (busy) await new Promise(() => undefined)
          busy = true
          try {
            return await backend.transaction(run)
          } finally {
            busy = false
          }
        },
      }
    },
  ),
  transactionFault(
    'idempotency-keys-forgotten',
    'X7',
    'that a transaction was committed is not kept',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((inside) =>
          run(
            alterTransaction(inside, {
              read: async (door, layout, keys) =>
                layout.name === 'coffer_idempotency_keys'
                  ? keys.map(() => undefined)
                  : door.read(layout, keys),
            }),
          ),
        ),
    }),
  ),
]
