/** Faults in groups: operations that happen in part, in another order, or only in what is answered. */

import type { Applied, Group, Outcome } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { onOutcomes } from './rewrites.ts'
import { alter, type Door } from './seams.ts'

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

export const groupFaults: readonly Fault[] = [
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
  {
    id: 'group-cut-at-16-bits',
    clause: 'W4',
    title: 'of a very large group what fits into 32,766 parameters is done',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const operations = group.operations.slice(0, 32_766)
          const outcome = await door.write({ ...group, operations }, at)
          if (!outcome.ok) return outcome
          const left = group.operations.slice(operations.length)
          return {
            ok: true,
            applied: [...outcome.applied, ...left.map(() => ({ version: 1, existed: false }))],
          }
        },
      }),
  },
]
