/** Faults between records: references, history, tenants and logs. */

import { HISTORY, isExpired, type Operation, type StoredRow } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { isHistory } from './requery.ts'
import { onChecks, onOperations, onQuestions } from './rewrites.ts'
import { alter, alterTransaction, type Seams } from './seams.ts'

const referenceFaults: readonly Fault[] = [
  {
    id: 'reference-target-unchecked',
    clause: 'W5',
    title: 'a record may refer to one that is not there',
    plant: (backend) =>
      alter(
        backend,
        onChecks((check) => check.type !== 'live'),
      ),
  },
  {
    id: 'reference-restrict-unchecked',
    clause: 'W5',
    title: 'a record that others refer to may be removed',
    plant: (backend) =>
      alter(
        backend,
        onChecks((check) => check.type !== 'unreferenced'),
      ),
  },
  {
    id: 'reference-expired-target',
    clause: 'W5',
    title: 'a record may refer to an expired one',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const checks = []
          for (const check of group.checks) {
            const [row] = check.type === 'live' ? await door.read(check.layout, [check]) : []
            if (row === undefined || !isExpired(row, at)) checks.push(check)
          }
          return door.write({ ...group, checks }, at)
        },
      }),
  },
  {
    id: 'reference-soft-deleted-target',
    clause: 'W5',
    title: 'a record may refer to a soft-deleted one',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const checks = []
          for (const check of group.checks) {
            const [row] = check.type === 'live' ? await door.read(check.layout, [check]) : []
            if (row === undefined || row.deletedAt === null) checks.push(check)
          }
          return door.write({ ...group, checks }, at)
        },
      }),
  },
  {
    id: 'reference-wrong-check-named',
    clause: 'W5',
    title: 'a violated reference is told as one that does not exist',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const outcome = await door.write(group, at)
          return outcome.ok || !outcome.check
            ? outcome
            : { ok: false, code: 'NOT_FOUND', index: 0, check: false }
        },
      }),
  },
]

function withoutHistory(operation: Operation): Operation {
  return { ...operation, layout: { ...operation.layout, history: undefined } }
}

function onHistory(change: (rows: readonly StoredRow[]) => readonly StoredRow[]): Seams {
  return {
    query: async (door, layout, query, at) => {
      const page = await door.query(layout, query, at)
      return isHistory(layout) ? { ...page, rows: change(page.rows) } : page
    },
  }
}

const historyFaults: readonly Fault[] = [
  {
    id: 'history-without-deletions',
    clause: 'H1',
    title: 'a deletion leaves no trace in the history',
    plant: (backend) =>
      alter(
        backend,
        onHistory((rows) => rows.filter((row) => row.fields?.[HISTORY.change] !== 'delete')),
      ),
  },
  {
    id: 'history-without-first',
    clause: 'H1',
    title: 'the history forgets the first version',
    plant: (backend) =>
      alter(
        backend,
        onHistory((rows) => rows.filter((row) => row.fields?.[HISTORY.version] !== 1)),
      ),
  },
  {
    id: 'history-twice',
    clause: 'H1',
    title: 'every change stands twice in the history',
    plant: (backend) =>
      alter(
        backend,
        onHistory((rows) => rows.flatMap((row) => [row, row])),
      ),
  },
  {
    id: 'history-oldest-first',
    clause: 'H1',
    title: 'the history is told in the wrong order',
    plant: (backend) =>
      alter(
        backend,
        onHistory((rows) => [...rows].reverse()),
      ),
  },
  {
    id: 'history-document-of-now',
    clause: 'H1',
    title: 'every version in the history shows the newest document',
    plant: (backend) =>
      alter(
        backend,
        onHistory((rows) => rows.map((row) => ({ ...row, document: rows[0]?.document ?? row.document }))),
      ),
  },
  {
    id: 'history-off',
    clause: 'H1',
    title: 'no history is kept',
    plant: (backend) => alter(backend, onOperations(withoutHistory)),
  },
  {
    id: 'history-in-transaction-off',
    clause: 'H1',
    title: 'a write inside a transaction leaves no trace in the history',
    plant: (backend) =>
      overridden(backend, {
        transaction: (run) =>
          backend.transaction((inside) => run(alterTransaction(inside, onOperations(withoutHistory)))),
      }),
  },
  {
    id: 'history-survives-erasure',
    clause: 'H3',
    title: 'an erased record leaves its history behind',
    plant: (backend) =>
      alter(
        backend,
        onOperations((each) =>
          each.type === 'delete' && each.mode === 'erase' ? withoutHistory(each) : each,
        ),
      ),
  },
  {
    id: 'history-of-refused-writes',
    clause: 'H1',
    title: 'a change that was rolled back stays in the history',
    plant: (backend) => {
      const ghosts: StoredRow[] = []
      return alter(backend, {
        write: async (door, group, at) => {
          const first = group.operations[0]
          const outcome = await door.write(group, at)
          if (!outcome.ok && outcome.index > 0 && first?.type === 'put') {
            ghosts.push({
              tenant: first.tenant,
              id: `0000000000009999:${first.id}`,
              document: first.document,
              schemaVersion: first.layout.schemaVersion,
              hash: null,
              version: 1,
              createdAt: at,
              updatedAt: at,
              expiresAt: null,
              deletedAt: null,
              fields: [first.id, 9_999, at, 'put'],
            })
          }
          return outcome
        },
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, query, at)
          return isHistory(layout) ? { ...page, rows: [...ghosts, ...page.rows] } : page
        },
      })
    },
  },
  {
    id: 'history-of-other-keys',
    clause: 'H1',
    title: 'the history of a record shows that of others',
    plant: (backend) =>
      alter(
        backend,
        onQuestions((question, layout) => (isHistory(layout) ? { ...question, where: undefined } : question)),
      ),
  },
]

const tenantFaults: readonly Fault[] = [
  {
    id: 'tenant-ignored-in-queries',
    clause: 'N1',
    title: 'questions are answered from the default tenant',
    plant: (backend) =>
      alter(
        backend,
        onQuestions((question) => ({ ...question, tenant: 'default' })),
      ),
  },
  {
    id: 'tenant-ignored-in-counts',
    clause: 'N1',
    title: 'counts are those of all tenants',
    plant: (backend) =>
      alter(backend, {
        count: async (door, layout, question, at) => {
          let total = 0
          const tenants = isHistory(layout) ? [question.tenant] : await backend.tenants(layout)
          for (const tenant of tenants) total += await door.count(layout, { ...question, tenant }, at)
          return total
        },
      }),
  },
  {
    id: 'tenant-ignored-in-reads',
    clause: 'N1',
    title: 'a key that a tenant does not have is looked up in the default tenant',
    plant: (backend) =>
      alter(backend, {
        read: async (door, layout, keys) => {
          const rows = await door.read(layout, keys)
          const others = await door.read(
            layout,
            keys.map((key) => ({ ...key, tenant: 'default' })),
          )
          return rows.map((row, position) => row ?? others[position])
        },
      }),
  },
  {
    id: 'tenant-ignored-in-writes',
    clause: 'N1',
    title: 'tenants share their records',
    plant: (backend) =>
      alter(backend, {
        read: (door, layout, keys) =>
          door.read(
            layout,
            keys.map((key) => ({ ...key, tenant: 'default' })),
          ),
        write: (door, group, at) =>
          door.write(
            { ...group, operations: group.operations.map((each) => ({ ...each, tenant: 'default' })) },
            at,
          ),
      }),
  },
  {
    id: 'tenant-lower-cased',
    clause: 'N1',
    title: 'tenants that differ in case are one tenant',
    plant: (backend) =>
      alter(backend, {
        read: (door, layout, keys) =>
          door.read(
            layout,
            keys.map((key) => ({ ...key, tenant: key.tenant.toLowerCase() })),
          ),
        query: (door, layout, query, at) =>
          door.query(layout, { ...query, tenant: query.tenant.toLowerCase() }, at),
        count: (door, layout, question, at) =>
          door.count(layout, { ...question, tenant: question.tenant.toLowerCase() }, at),
        aggregate: (door, layout, aggregation, at) =>
          door.aggregate(layout, { ...aggregation, tenant: aggregation.tenant.toLowerCase() }, at),
        write: (door, group, at) =>
          door.write(
            {
              ...group,
              operations: group.operations.map((each) => ({ ...each, tenant: each.tenant.toLowerCase() })),
            },
            at,
          ),
      }),
  },
  {
    id: 'clear-all-tenants',
    clause: 'N1',
    title: 'clearing a tenant clears all others as well',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const erased = group.operations.filter((each) => each.type === 'delete' && each.mode === 'erase')
          const first = erased[0]
          if (first === undefined || erased.length < group.operations.length) return door.write(group, at)
          const others = await backend.tenants(first.layout)
          const operations = erased.flatMap((each) => others.map((tenant) => ({ ...each, tenant })))
          const outcome = await door.write(group, at)
          await door.write({ operations, checks: [] }, at)
          return outcome
        },
      }),
  },
  {
    id: 'tenants-not-told',
    clause: 'N1',
    title: 'the backend knows of the default tenant alone',
    plant: (backend) => overridden(backend, { tenants: async () => ['default'] }),
  },
]

export const relationFaults: readonly Fault[] = [...referenceFaults, ...historyFaults, ...tenantFaults]
