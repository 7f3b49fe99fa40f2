/** Faults in the conditions of a write. */

import type { Condition, StoredRow } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { onOperations, onPuts } from './rewrites.ts'
import { alter, type Seams } from './seams.ts'

/** Passes over conditions of one kind. */
function ignoring(type: Condition['type']): Seams {
  return onOperations((operation) =>
    operation.type !== 'restore' && operation.condition.type === type
      ? { ...operation, condition: { type: 'none' } }
      : operation,
  )
}

/** Refuses an insert or `ifVersion: 0` when a row is there that a question would not see. */
function blockedBy(blocks: (row: StoredRow, at: number) => boolean, type: 'absent' | 'version'): Seams {
  return {
    write: async (door, group, at) => {
      for (const [index, operation] of group.operations.entries()) {
        if (operation.type !== 'put' || operation.condition.type !== type) continue
        if (operation.condition.type === 'version' && operation.condition.version !== 0) continue
        const [row] = await door.read(operation.layout, [operation])
        if (row === undefined || !blocks(row, at)) continue
        return {
          ok: false,
          code: type === 'absent' ? 'ALREADY_EXISTS' : 'VERSION_CONFLICT',
          index,
          check: false,
        }
      }
      return door.write(group, at)
    },
  }
}

const expired = (row: StoredRow, at: number) => row.expiresAt !== null && row.expiresAt <= at
const softDeleted = (row: StoredRow) => row.deletedAt !== null

export const conditionFaults: readonly Fault[] = [
  {
    id: 'if-version-ignored',
    clause: 'W2',
    title: 'ifVersion is passed over',
    plant: (backend) => alter(backend, ignoring('version')),
  },
  {
    id: 'insert-overwrites',
    clause: 'W2',
    title: 'an insert overwrites what is there',
    plant: (backend) => alter(backend, ignoring('absent')),
  },
  {
    id: 'if-version-zero-overwrites',
    clause: 'W2',
    title: 'ifVersion: 0 asks for nothing',
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) =>
          put.condition.type === 'version' && put.condition.version === 0
            ? { ...put, condition: { type: 'none' } }
            : put,
        ),
      ),
  },
  {
    id: 'if-version-as-least',
    clause: 'W2',
    title: 'a record with a later version satisfies ifVersion',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const operations = await Promise.all(
            group.operations.map(async (operation) => {
              if (operation.type === 'restore' || operation.condition.type !== 'version') return operation
              const [row] = await door.read(operation.layout, [operation])
              const { version } = operation.condition
              const later = row !== undefined && version > 0 && row.version > version
              return later
                ? { ...operation, condition: { type: 'version', version: row.version } as const }
                : operation
            }),
          )
          return door.write({ ...group, operations }, at)
        },
      }),
  },
  {
    id: 'if-version-of-delete-ignored',
    clause: 'W2',
    title: 'a removal takes no notice of ifVersion',
    plant: (backend) =>
      alter(
        backend,
        onOperations((operation) =>
          operation.type === 'delete' ? { ...operation, condition: { type: 'none' } } : operation,
        ),
      ),
  },
  {
    id: 'expired-blocks-insert',
    clause: 'T1',
    title: 'an expired record that was not swept blocks an insert',
    plant: (backend) => alter(backend, blockedBy(expired, 'absent')),
  },
  {
    id: 'expired-blocks-if-version-zero',
    clause: 'T1',
    title: 'an expired record is not "not there" for ifVersion: 0',
    plant: (backend) => alter(backend, blockedBy(expired, 'version')),
  },
  {
    id: 'soft-deleted-blocks-insert',
    clause: 'T6',
    title: 'a soft-deleted record blocks an insert',
    plant: (backend) => alter(backend, blockedBy(softDeleted, 'absent')),
  },
]
