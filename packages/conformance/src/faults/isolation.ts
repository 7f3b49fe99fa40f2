/** Faults in isolation: what transactions see of each other and of themselves. */

import {
  type Backend,
  type BackendTransaction,
  type Group,
  type Key,
  type Layout,
  type StoredRow,
  StoreError,
} from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { transactionFault, UNDO } from './transaction-fault.ts'

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

export const isolationFaults: readonly Fault[] = [
  transactionFault(
    'transaction-lost-update',
    'X1',
    'the last of two transactions that change one record wins',
    (backend) => ({
      transaction: (run) => replayed(backend, run, async () => undefined),
    }),
  ),
  transactionFault(
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
  transactionFault(
    'transaction-phantom',
    'X1',
    'records that were read by key are protected, answers to questions are not',
    (backend) => ({
      transaction: (run) => replayed(backend, run, (recorded) => unchanged(backend, recorded, () => true)),
    }),
  ),
  transactionFault(
    'transaction-dirty-read',
    'X1',
    'others see what a transaction has not committed',
    (backend) => {
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
    },
  ),
  transactionFault(
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
  transactionFault(
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
  transactionFault(
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
  transactionFault(
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
