/** Faults in transactions: what they see, what they undo, and what they say. */

import {
  type Backend,
  type BackendTransaction,
  type Group,
  isStoreError,
  type Key,
  type Layout,
  type StoredRow,
  StoreError,
} from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'

function fault(
  id: string,
  clause: string,
  title: string,
  methods: (backend: Backend) => Partial<Backend>,
): Fault {
  return { id, clause, title, plant: (backend) => overridden(backend, methods(backend)) }
}

const UNDO = Symbol('undo')

interface Recorded {
  readonly groups: { group: Group; at: number }[]
  readonly read: Map<string, { layout: Layout; key: Key; row: StoredRow | undefined }>
}

/**
 * Runs the callback on a snapshot, undoes it, and writes its groups again without a condition: so what it
 * read is not protected unless `validate` looks at it.
 */
async function replayed<T>(
  backend: Backend,
  run: (transaction: BackendTransaction) => Promise<T>,
  validate: (recorded: Recorded) => Promise<void>,
): Promise<T> {
  const recorded: Recorded = { groups: [], read: new Map() }
  let result: { readonly value: T } | undefined
  try {
    await backend.transaction(async (transaction) => {
      const value = await run(
        overridden(transaction, {
          read: async (layout, keys) => {
            const rows = await transaction.read(layout, keys)
            if (recorded.groups.length === 0) remember(recorded, layout, keys, rows)
            return rows
          },
          write: async (group, at) => {
            for (const { layout, tenant, id } of group.operations) {
              const name = JSON.stringify([layout.name, tenant, id])
              if (!recorded.read.has(name))
                remember(recorded, layout, [{ tenant, id }], await transaction.read(layout, [{ tenant, id }]))
            }
            const outcome = await transaction.write(group, at)
            if (outcome.ok) recorded.groups.push({ group, at })
            return outcome
          },
        }),
      )
      result = { value }
      throw UNDO
    })
  } catch (error) {
    if (error !== UNDO) throw error
  }
  await validate(recorded)
  for (const { group, at } of recorded.groups) await backend.write([unconditional(group)], at)
  return (result as { value: T }).value
}

function remember(
  recorded: Recorded,
  layout: Layout,
  keys: readonly Key[],
  rows: readonly (StoredRow | undefined)[],
): void {
  for (const [position, { tenant, id }] of keys.entries()) {
    recorded.read.set(JSON.stringify([layout.name, tenant, id]), {
      layout,
      key: { tenant, id },
      row: rows[position],
    })
  }
}

function unconditional(group: Group): Group {
  return {
    ...group,
    operations: group.operations.map((each) =>
      each.type === 'restore' ? each : { ...each, condition: { type: 'none' } },
    ),
  }
}

/** Conflicts when one of the remembered rows has another version now. */
async function unchanged(
  backend: Backend,
  recorded: Recorded,
  concerns: (name: string) => boolean,
): Promise<void> {
  for (const [name, { layout, key, row }] of recorded.read) {
    if (!concerns(name)) continue
    const [now] = await backend.read(layout, [key])
    if (now?.version !== row?.version) throw new StoreError('CONFLICT', 'a row has changed')
  }
}

function written(recorded: Recorded): ReadonlySet<string> {
  const names = recorded.groups.flatMap(({ group }) =>
    group.operations.map((each) => JSON.stringify([each.layout.name, each.tenant, each.id])),
  )
  return new Set(names)
}

const isolationFaults: readonly Fault[] = [
  fault(
    'transaction-lost-update',
    'X1',
    'the last of two transactions that change one record wins',
    (backend) => ({
      transaction: (run) => replayed(backend, run, async () => undefined),
    }),
  ),
  fault(
    'transaction-write-skew',
    'X1',
    'only records that were written are protected, not those that were read',
    (backend) => ({
      transaction: (run) =>
        replayed(backend, run, (recorded) => {
          const names = written(recorded)
          return unchanged(backend, recorded, (name) => names.has(name))
        }),
    }),
  ),
  fault(
    'transaction-phantom',
    'X1',
    'records that were read by key are protected, answers to questions are not',
    (backend) => ({
      transaction: (run) => replayed(backend, run, (recorded) => unchanged(backend, recorded, () => true)),
    }),
  ),
  fault('transaction-dirty-read', 'X1', 'others see what a transaction has not committed', (backend) => {
    let open: BackendTransaction | undefined
    return {
      transaction: (run) =>
        backend.transaction(async (transaction) => {
          open = transaction
          try {
            return await run(transaction)
          } finally {
            open = undefined
          }
        }),
      read: (layout, keys) => (open ?? backend).read(layout, keys),
    }
  }),
  fault(
    'transaction-reads-committed',
    'X1',
    'a transaction sees what others commit while it runs',
    (backend) => ({
      transaction: (run) => {
        const touched = new Set<string>()
        return backend.transaction((transaction) =>
          run(
            overridden(transaction, {
              read: (layout, keys) =>
                keys.some(({ tenant, id }) => touched.has(JSON.stringify([layout.name, tenant, id])))
                  ? transaction.read(layout, keys)
                  : backend.read(layout, keys),
              query: (layout, query, at) =>
                (touched.size > 0 ? transaction : backend).query(layout, query, at),
              write: (group, at) => {
                for (const { layout, tenant, id } of group.operations)
                  touched.add(JSON.stringify([layout.name, tenant, id]))
                return transaction.write(group, at)
              },
            }),
          ),
        )
      },
    }),
  ),
  fault(
    'transaction-own-writes-unseen',
    'X2',
    'a transaction does not see by key what it wrote itself',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) =>
          run(overridden(transaction, { read: (layout, keys) => backend.read(layout, keys) })),
        ),
    }),
  ),
  fault(
    'transaction-own-writes-not-found',
    'X2',
    'questions inside a transaction do not find what it wrote itself',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) =>
          run(overridden(transaction, { query: (layout, query, at) => backend.query(layout, query, at) })),
        ),
    }),
  ),
  fault(
    'transaction-own-writes-not-counted',
    'X2',
    'counts inside a transaction leave out what it wrote itself',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) =>
          run(
            overridden(transaction, { count: (layout, question, at) => backend.count(layout, question, at) }),
          ),
        ),
    }),
  ),
]

const endFaults: readonly Fault[] = [
  fault(
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
  fault('transaction-commit-is-rollback', 'X4', 'COMMIT reports success and stores nothing', (backend) => ({
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
  })),
  fault(
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
  fault(
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
  fault(
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
  fault(
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
  fault(
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
  fault('savepoint-undoes-nothing', 'X5', 'a savepoint that throws keeps what it did', (backend) => ({
    transaction: (run) =>
      backend.transaction((transaction) => run(overridden(transaction, { savepoint: (part) => part() }))),
  })),
  fault(
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
  fault('savepoint-kept-is-undone', 'X5', 'a savepoint that succeeds is undone', (backend) => ({
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
  fault(
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
]

export const transactionFaults: readonly Fault[] = [...isolationFaults, ...endFaults]
