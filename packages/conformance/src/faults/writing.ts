/** Faults in writing: groups, conditions, versions and batches. */

import {
  type Applied,
  type Backend,
  type Condition,
  type Group,
  type Operation,
  type Outcome,
  type StoredRow,
  StoreError,
} from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { onApplied, onOperations, onOutcomes, onPuts } from './rewrites.ts'
import { alter, type Door, type Seams } from './seams.ts'

/** Applies operations one by one, as groups of their own, until one is refused. */
async function piecemeal(door: Door, group: Group, at: number): Promise<Outcome> {
  const applied: Applied[] = []
  for (const [index, operation] of group.operations.entries()) {
    const outcome = await door.write({ operations: [operation], checks: [] }, at)
    if (!outcome.ok) return { ...outcome, index }
    applied.push(...outcome.applied)
  }
  const checked = await door.write({ operations: [], checks: group.checks }, at)
  return checked.ok ? { ok: true, applied } : checked
}

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

const groupFaults: readonly Fault[] = [
  {
    id: 'group-not-rolled-back',
    clause: 'W1',
    title: 'what a group did before its refused operation stays',
    plant: (backend) => alter(backend, { write: piecemeal }),
  },
  {
    id: 'group-rolled-back-by-compensation',
    clause: 'W1',
    title: 'a refused group is undone by writing the first document back, which is a write of its own',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const outcome = await door.write(group, at)
          const first = group.operations[0]
          if (outcome.ok || outcome.index === 0 || first === undefined) return outcome
          const [row] = await door.read(first.layout, [first])
          if (row !== undefined && first.type === 'put')
            await door.write(
              {
                operations: [
                  { ...first, condition: { type: 'none' }, document: row.document, hash: row.hash },
                ],
                checks: [],
              },
              at,
            )
          return outcome
        },
      }),
  },
  {
    id: 'group-last-operation-lost',
    clause: 'W1',
    title: 'the last of several operations is acknowledged and not done',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          if (group.operations.length < 2) return door.write(group, at)
          const outcome = await door.write({ ...group, operations: group.operations.slice(0, -1) }, at)
          const last = outcome.ok ? outcome.applied.at(-1) : undefined
          return outcome.ok && last ? { ok: true, applied: [...outcome.applied, last] } : outcome
        },
      }),
  },
  {
    id: 'group-first-of-one-key-wins',
    clause: 'W1',
    title: 'of two puts of one key in a call the first wins',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const outcome = await door.write({ ...group, operations: [...group.operations].reverse() }, at)
          return outcome.ok
            ? { ok: true, applied: [...outcome.applied].reverse() }
            : { ...outcome, index: group.operations.length - 1 - outcome.index }
        },
      }),
  },
  {
    id: 'group-same-key-refused',
    clause: 'W1',
    title: 'two operations on one key in a call fail, as ON CONFLICT does',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const names = group.operations.map((each) =>
            JSON.stringify([each.layout.name, each.tenant, each.id]),
          )
          if (new Set(names).size < names.length) throw new Error('cannot affect row a second time')
          return door.write(group, at)
        },
      }),
  },
  {
    id: 'refusal-index-lost',
    clause: 'W1',
    title: 'a refusal names the first operation, whichever was refused',
    plant: (backend) =>
      alter(
        backend,
        onOutcomes((outcome) => (outcome.ok ? outcome : { ...outcome, index: 0 })),
      ),
  },
  {
    id: 'refusal-wrong-code',
    clause: 'W1',
    title: 'a record that is there already is refused as a conflict of versions',
    plant: (backend) =>
      alter(
        backend,
        onOutcomes((outcome) =>
          outcome.ok || outcome.code !== 'ALREADY_EXISTS'
            ? outcome
            : { ...outcome, code: 'VERSION_CONFLICT' },
        ),
      ),
  },
  {
    id: 'refusal-thrown',
    clause: 'W1',
    title: 'a refusal is thrown as a failure of the engine',
    plant: (backend) =>
      alter(
        backend,
        onOutcomes((outcome) => {
          if (outcome.ok) return outcome
          throw new Error('constraint failed')
        }),
      ),
  },
  {
    id: 'put-acknowledged-not-done',
    clause: 'W1',
    title: 'a put over a record is acknowledged and not done',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const only = group.operations.length === 1 ? group.operations[0] : undefined
          if (only?.type !== 'put' || only.condition.type !== 'none') return door.write(group, at)
          const [row] = await door.read(only.layout, [only])
          if (row === undefined) return door.write(group, at)
          return { ok: true, applied: [{ version: row.version + 1, existed: true }] }
        },
      }),
  },
  {
    id: 'delete-acknowledged-not-done',
    clause: 'W3',
    title: 'a removal is acknowledged and not done',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          if (group.operations.some((each) => each.type !== 'delete')) return door.write(group, at)
          return { ok: true, applied: group.operations.map(() => ({ version: 1, existed: true })) }
        },
      }),
  },
]

/** How a batch with several groups goes wrong. */
function batchFault(id: string, title: string, batch: Seams['batch']): Fault {
  return { id, clause: 'B1', title, plant: (backend) => alter(backend, { ...(batch && { batch }) }) }
}

const batchFaults: readonly Fault[] = [
  batchFault(
    'batch-refused-as-one',
    'one refused group refuses all groups behind it',
    async (next, groups, at) => {
      const outcomes: Outcome[] = []
      for (const group of groups) {
        const refused = outcomes.find((outcome) => !outcome.ok)
        outcomes.push(refused ?? ((await next([group], at))[0] as Outcome))
      }
      return outcomes
    },
  ),
  batchFault('batch-outcomes-reversed', 'outcomes come in the reverse order', async (next, groups, at) =>
    [...(await next(groups, at))].reverse(),
  ),
  batchFault(
    'batch-reversed',
    'groups of one batch are applied in the reverse order',
    async (next, groups, at) => [...(await next([...groups].reverse(), at))].reverse(),
  ),
  batchFault(
    'batch-last-group-lost',
    'the last group of a batch is acknowledged and not done',
    async (next, groups, at) => {
      if (groups.length < 2) return next(groups, at)
      const outcomes = await next(groups.slice(0, -1), at)
      return [...outcomes, outcomes.at(-1) as Outcome]
    },
  ),
  batchFault(
    'batch-refused-group-throws',
    'a refused group fails the whole batch',
    async (next, groups, at) => {
      const outcomes = await next(groups, at)
      if (groups.length > 1 && outcomes.some((outcome) => !outcome.ok)) throw new StoreError('BUSY', 'busy')
      return outcomes
    },
  ),
  batchFault('batch-merged-into-one-group', 'groups of one batch are one group', async (next, groups, at) => {
    if (groups.length < 2) return next(groups, at)
    const [outcome] = await next(
      [
        {
          operations: groups.flatMap((each) => each.operations),
          checks: groups.flatMap((each) => each.checks),
        },
      ],
      at,
    )
    if (outcome === undefined || !outcome.ok) return groups.map(() => outcome as Outcome)
    let taken = 0
    return groups.map(({ operations }) => {
      const applied = outcome.applied.slice(taken, taken + operations.length)
      taken += operations.length
      return { ok: true, applied }
    })
  }),
]

const conditionFaults: readonly Fault[] = [
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

/** Versions that begin anew when a record was not there, told and asked consistently. */
function restarting(backend: Backend, restarts: () => boolean): Backend {
  const bases = new Map<string, number>()
  const base = (each: { tenant: string; id: string }, layout: string) =>
    bases.get(JSON.stringify([layout, each.tenant, each.id])) ?? 0
  const shown = (row: StoredRow, layout: string) => ({ ...row, version: row.version - base(row, layout) })
  return alter(backend, {
    read: async (door, layout, keys) =>
      (await door.read(layout, keys)).map((row) => row && shown(row, layout.name)),
    query: async (door, layout, query, at) => {
      const page = await door.query(layout, query, at)
      return { ...page, rows: page.rows.map((row) => shown(row, layout.name)) }
    },
    write: async (door, group, at) => {
      const operations = group.operations.map((operation) => {
        if (operation.type === 'restore' || operation.condition.type !== 'version') return operation
        if (operation.condition.version === 0) return operation
        const version = operation.condition.version + base(operation, operation.layout.name)
        return { ...operation, condition: { type: 'version', version } as const }
      })
      const outcome = await door.write({ ...group, operations }, at)
      if (!outcome.ok) return outcome
      const applied = outcome.applied.map((each, position) => {
        const operation = operations[position] as Operation
        const name = JSON.stringify([operation.layout.name, operation.tenant, operation.id])
        if (operation.type === 'put' && !each.existed && restarts()) bases.set(name, each.version - 1)
        return { ...each, version: each.version - base(operation, operation.layout.name) }
      })
      return { ok: true, applied }
    },
    sweep: (inner, ...parameters) => inner.sweep(...parameters),
  })
}

const versionFaults: readonly Fault[] = [
  {
    id: 'version-restarts-after-delete',
    clause: 'W2',
    title: 'a record that is inserted again begins with version 1',
    plant: (backend) => restarting(backend, () => true),
  },
  {
    id: 'version-restarts-after-sweep',
    clause: 'W2',
    title: 'a record that is inserted after a sweep begins with version 1',
    plant: (backend) => {
      let swept = false
      const watched = alter(backend, {
        sweep: async (inner, ...parameters) => {
          const result = await inner.sweep(...parameters)
          swept ||= result.removed > 0
          return result
        },
      })
      return restarting(watched, () => swept)
    },
  },
  {
    id: 'version-answered-too-low',
    clause: 'W2',
    title: 'a write answers the version from before it',
    plant: (backend) =>
      alter(
        backend,
        onApplied((version) => Math.max(1, version - 1)),
      ),
  },
  {
    id: 'version-always-one',
    clause: 'W2',
    title: 'a write always answers version 1',
    plant: (backend) =>
      alter(
        backend,
        onApplied(() => 1),
      ),
  },
  {
    id: 'version-of-first-for-all',
    clause: 'W1',
    title: 'a bulk call answers the version of its first record for all',
    plant: (backend) =>
      alter(
        backend,
        onOutcomes((outcome) =>
          outcome.ok
            ? {
                ok: true,
                applied: outcome.applied.map((each) => ({
                  ...each,
                  version: outcome.applied[0]?.version ?? 0,
                })),
              }
            : outcome,
        ),
      ),
  },
  {
    id: 'version-plus-two',
    clause: 'W2',
    title: 'every put counts as two writes',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const outcome = await door.write(group, at)
          const only = group.operations.length === 1 ? group.operations[0] : undefined
          if (!outcome.ok || only?.type !== 'put' || only.layout.appendOnly) return outcome
          return door.write({ operations: [{ ...only, condition: { type: 'none' } }], checks: [] }, at)
        },
      }),
  },
]

export const writingFaults: readonly Fault[] = [
  ...groupFaults,
  ...batchFaults,
  ...conditionFaults,
  ...versionFaults,
]
