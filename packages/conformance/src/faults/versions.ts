/** Faults in versions: where they begin, how they grow, and which one is answered. */

import type { Backend, Operation, StoredRow } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { onApplied, onOutcomes } from './rewrites.ts'
import { alter } from './seams.ts'

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

export const versionFaults: readonly Fault[] = [
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
