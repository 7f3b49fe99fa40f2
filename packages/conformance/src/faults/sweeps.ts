/** Faults in sweeps: what they remove, and what they say about it. */

import { isExpired, type StoredRow } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { allRows } from './requery.ts'
import { alter, type Door, doorOf, type Seams } from './seams.ts'

function sweepFault(id: string, title: string, sweep: NonNullable<Seams['sweep']>): Fault {
  return { id, clause: 'T4', title, plant: (backend) => alter(backend, { sweep }) }
}

/** Removes rows for good behind the backend's rules. */
async function removeRows(
  door: Door,
  rows: readonly StoredRow[],
  layout: Parameters<Door['read']>[0],
  at: number,
) {
  await door.write(
    {
      operations: rows.map(({ tenant, id }) => ({
        type: 'delete',
        layout: { ...layout, history: undefined },
        tenant,
        id,
        condition: { type: 'none' },
        mode: 'erase',
      })),
      checks: [],
    },
    at,
  )
}

export const sweepFaults: readonly Fault[] = [
  sweepFault(
    'sweep-spares-internal',
    'a sweep leaves what Coffer keeps for itself',
    async (inner, layout, ...parameters) =>
      layout.name.startsWith('coffer_') ? { removed: 0, more: false } : inner.sweep(layout, ...parameters),
  ),
  sweepFault(
    'sweep-eats-fresh',
    'a sweep removes what will expire within the next hour',
    (inner, layout, sweep, limit, at) => inner.sweep(layout, sweep, limit, at + 3_600_000),
  ),
  sweepFault(
    'sweep-eats-renewed',
    'a sweep removes what it saw as expired before, though it was renewed',
    async (inner, layout, sweep, limit, at) => {
      if (sweep.type !== 'expired') return inner.sweep(layout, sweep, limit, at)
      const door = doorOf(inner)
      for (const tenant of await inner.tenants(layout)) {
        if (sweep.tenant !== undefined && sweep.tenant !== tenant) continue
        const rows = await allRows(door, layout, tenant, at)
        await removeRows(
          door,
          rows.filter((row) => row.version > 1 && row.expiresAt !== null && row.expiresAt > at),
          layout,
          at,
        )
      }
      return inner.sweep(layout, sweep, limit, at)
    },
  ),
  sweepFault('sweep-other-tenants', 'a sweep of one tenant sweeps all', (inner, layout, sweep, limit, at) =>
    inner.sweep(layout, { ...sweep, tenant: undefined }, limit, at),
  ),
  sweepFault(
    'sweep-default-tenant-only',
    'a sweep of all tenants sweeps one',
    (inner, layout, sweep, limit, at) =>
      inner.sweep(layout, { ...sweep, tenant: sweep.tenant ?? 'default' }, limit, at),
  ),
  sweepFault(
    'sweep-number-wrong',
    'a sweep reports one more than it removed',
    async (inner, ...parameters) => {
      const result = await inner.sweep(...parameters)
      return result.removed > 0 ? { ...result, removed: result.removed + 1 } : result
    },
  ),
  sweepFault('sweep-number-lost', 'a sweep reports nothing', async (inner, ...parameters) => ({
    ...(await inner.sweep(...parameters)),
    removed: 0,
  })),
  sweepFault(
    'sweep-stops-after-batch',
    'a sweep says after its first batch that there is no more',
    async (inner, ...parameters) => ({
      ...(await inner.sweep(...parameters)),
      more: false,
    }),
  ),
  sweepFault(
    'sweep-unbounded',
    'a sweep removes everything in one batch',
    (inner, layout, sweep, _limit, at) => inner.sweep(layout, sweep, 1_000_000, at),
  ),
  sweepFault(
    'sweep-misses-deadline',
    'a sweep leaves a record whose deadline is this millisecond',
    (inner, layout, sweep, limit, at) =>
      inner.sweep(layout, sweep, limit, sweep.type === 'expired' ? at - 1 : at),
  ),
  sweepFault(
    'sweep-pretends',
    'a sweep counts and removes nothing',
    async (inner, layout, sweep, _limit, at) => {
      let removed = 0
      for (const tenant of await inner.tenants(layout)) {
        if (sweep.tenant !== undefined && sweep.tenant !== tenant) continue
        const rows = await allRows(doorOf(inner), layout, tenant, at)
        removed += rows.filter((row) => sweep.type === 'expired' && isExpired(row, at)).length
      }
      return { removed, more: false }
    },
  ),
  {
    id: 'purge-ignores-age',
    clause: 'T6',
    title: 'a purge removes soft-deleted records of every age',
    plant: (backend) =>
      alter(backend, {
        sweep: (inner, layout, sweep, limit, at) =>
          inner.sweep(layout, sweep.type === 'deleted' ? { ...sweep, deletedBefore: at } : sweep, limit, at),
      }),
  },
  {
    id: 'purge-removes-expired',
    clause: 'T6',
    title: 'a purge removes expired records too',
    plant: (backend) =>
      alter(backend, {
        sweep: async (inner, layout, sweep, limit, at) => {
          const result = await inner.sweep(layout, sweep, limit, at)
          if (sweep.type === 'expired') return result
          const { removed } = await inner.sweep(layout, { type: 'expired', tenant: sweep.tenant }, limit, at)
          return { ...result, removed: result.removed + removed }
        },
      }),
  },
  {
    id: 'cleanup-purges-deleted',
    clause: 'T6',
    title: 'a cleanup of expired records removes soft-deleted ones too',
    plant: (backend) =>
      alter(backend, {
        sweep: async (inner, layout, sweep, limit, at) => {
          const result = await inner.sweep(layout, sweep, limit, at)
          if (sweep.type === 'deleted') return result
          await inner.sweep(layout, { type: 'deleted', deletedBefore: at, tenant: sweep.tenant }, limit, at)
          return result
        },
      }),
  },
]
