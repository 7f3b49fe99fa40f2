/** Faults in soft deletion: what is seen of a deleted record, and what restoring and erasing do. */

import { isExpired, isLive } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { byRules, countedBy } from './requery.ts'
import { onDeletes, onOperations, onQuestions } from './rewrites.ts'
import { alter } from './seams.ts'

export const softDeleteFaults: readonly Fault[] = [
  {
    id: 'soft-deleted-found',
    clause: 'T6',
    title: 'questions find soft-deleted records',
    plant: (backend) =>
      alter(
        backend,
        onQuestions((question) => ({
          ...question,
          visibility: question.visibility === 'live' ? 'kept' : question.visibility,
        })),
      ),
  },
  {
    id: 'soft-deleted-counted',
    clause: 'T6',
    title: 'counts include soft-deleted records',
    plant: (backend) =>
      alter(
        backend,
        countedBy((row, at) => !isExpired(row, at)),
      ),
  },
  {
    id: 'soft-deleted-never-found',
    clause: 'T6',
    title: 'questions do not find soft-deleted records that were asked for',
    plant: (backend) =>
      alter(
        backend,
        byRules({ isVisible: (row, visibility, at) => visibility === 'any' || isLive(row, at) }),
      ),
  },
  {
    id: 'soft-delete-removes',
    clause: 'T6',
    title: 'a soft deletion removes the record for good',
    plant: (backend) =>
      alter(
        backend,
        onDeletes((each) => (each.mode === 'soft' ? { ...each, mode: 'hard' } : each)),
      ),
  },
  {
    id: 'hard-delete-keeps',
    clause: 'W3',
    title: 'a removal for good only marks the record',
    plant: (backend) =>
      alter(
        backend,
        onDeletes((each) => (each.mode === 'hard' ? { ...each, mode: 'soft' } : each)),
      ),
  },
  {
    id: 'erase-needs-live',
    clause: 'T6',
    title: 'a soft-deleted record can not be erased',
    plant: (backend) =>
      alter(
        backend,
        onDeletes((each) => (each.mode === 'erase' ? { ...each, mode: 'hard' } : each)),
      ),
  },
  {
    id: 'restore-does-nothing',
    clause: 'T6',
    title: 'a restored record stays deleted',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const operations = group.operations.filter((each) => each.type !== 'restore')
          if (operations.length === group.operations.length) return door.write(group, at)
          return { ok: true, applied: group.operations.map(() => ({ version: 3, existed: false })) }
        },
      }),
  },
  {
    id: 'restore-of-live-accepted',
    clause: 'T6',
    title: 'a record that is not deleted can be restored',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const outcome = await door.write(group, at)
          const only = group.operations[0]
          if (outcome.ok || only?.type !== 'restore') return outcome
          const [row] = await door.read(only.layout, [only])
          return row === undefined
            ? outcome
            : { ok: true, applied: [{ version: row.version, existed: true }] }
        },
      }),
  },
  {
    id: 'soft-delete-keeps-version',
    clause: 'W2',
    title: 'a deletion can be repeated with the version from before',
    plant: (backend) =>
      alter(
        backend,
        onOperations((each) =>
          each.type === 'delete' && each.mode === 'soft' && each.condition.type === 'version'
            ? { ...each, condition: { type: 'none' } }
            : each,
        ),
      ),
  },
]
