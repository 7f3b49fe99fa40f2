/** Faults between records: references and history. */

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

export const relationFaults: readonly Fault[] = [...referenceFaults, ...historyFaults]
