/** Faults in deadlines, soft deletion and sweeping. */

import { isExpired, isLive, type StoredRow } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { allRows, byRules } from './requery.ts'
import { onDeletes, onOperations, onPuts, onQuestions } from './rewrites.ts'
import { alter, type Door, type Seams } from './seams.ts'

function sweepFault(id: string, title: string, sweep: NonNullable<Seams['sweep']>): Fault {
  return { id, clause: 'T4', title, plant: (backend) => alter(backend, { sweep }) }
}

/** Counts rows that the rule calls visible, and finds the right ones. */
function countedBy(shows: (row: StoredRow, at: number) => boolean): Seams {
  const { count } = byRules({ isVisible: (row, _visibility, at) => shows(row, at) })
  return { ...(count && { count }) }
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

const deadlineFaults: readonly Fault[] = [
  {
    id: 'expired-found-at-deadline',
    clause: 'T1',
    title: 'a record is still found in the millisecond of its deadline',
    plant: (backend) =>
      alter(
        backend,
        byRules({
          isVisible: (row, visibility, at) =>
            visibility === 'any' ||
            (!isExpired(row, at - 1) && (visibility === 'kept' || row.deletedAt === null)),
        }),
      ),
  },
  {
    id: 'expired-counted',
    clause: 'T1',
    title: 'counts include expired records',
    plant: (backend) =>
      alter(
        backend,
        countedBy((row) => row.deletedAt === null),
      ),
  },
  {
    id: 'expired-found',
    clause: 'T1',
    title: 'questions find expired records that were not swept',
    plant: (backend) =>
      alter(
        backend,
        byRules({ isVisible: (row, visibility) => visibility !== 'live' || row.deletedAt === null }),
      ),
  },
  {
    id: 'expired-early',
    clause: 'T1',
    title: 'a record is gone a second before its deadline',
    plant: (backend) =>
      alter(
        backend,
        byRules({
          isVisible: (row, visibility, at) =>
            visibility === 'any' ||
            (!isExpired(row, at + 999) && (visibility === 'kept' || row.deletedAt === null)),
        }),
      ),
  },
  {
    id: 'expired-delete-counts',
    clause: 'W3',
    title: 'the removal of an expired record counts as one',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const rows = await Promise.all(
            group.operations.map(async (each) => (await door.read(each.layout, [each]))[0]),
          )
          const outcome = await door.write(group, at)
          if (!outcome.ok) return outcome
          return {
            ok: true,
            applied: outcome.applied.map((each, position) => ({
              ...each,
              existed:
                group.operations[position]?.type === 'delete' ? rows[position] !== undefined : each.existed,
            })),
          }
        },
      }),
  },
  {
    id: 'expired-by-engine-clock',
    clause: 'T2',
    title: 'the engine asks its own clock what has expired',
    plant: (backend) =>
      alter(backend, {
        query: (door, layout, query) => door.query(layout, query, Date.now()),
        count: (door, layout, question) => door.count(layout, question, Date.now()),
      }),
  },
  {
    id: 'deadline-not-cleared',
    clause: 'T3',
    title: 'a write without a deadline keeps the old one',
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) => ({ ...put, expiresAt: put.expiresAt ?? 'keep' })),
      ),
  },
  {
    id: 'deadline-not-kept',
    clause: 'T3',
    title: 'a write that keeps the deadline loses it',
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) => ({ ...put, expiresAt: put.expiresAt === 'keep' ? null : put.expiresAt })),
      ),
  },
  {
    id: 'deadline-in-seconds',
    clause: 'T1',
    title: 'deadlines are cut to whole seconds',
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) => ({
          ...put,
          expiresAt:
            typeof put.expiresAt === 'number' ? Math.floor(put.expiresAt / 1_000) * 1_000 : put.expiresAt,
        })),
      ),
  },
  {
    id: 'deadline-32-bit-timer',
    clause: 'T3',
    title: 'a deadline beyond 24.8 days has passed at once',
    plant: (backend) =>
      alter(backend, {
        write: (door, group, at) =>
          door.write(
            {
              ...group,
              operations: group.operations.map((each) =>
                each.type === 'put' && typeof each.expiresAt === 'number' && each.expiresAt - at > 0x7fffffff
                  ? { ...each, expiresAt: at }
                  : each,
              ),
            },
            at,
          ),
      }),
  },
  {
    id: 'deadline-of-kept-dead-record',
    clause: 'T3',
    title: 'keeping a deadline brings back that of an expired record',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const operations = await Promise.all(
            group.operations.map(async (each) => {
              if (each.type !== 'put' || each.expiresAt !== 'keep') return each
              const [row] = await door.read(each.layout, [each])
              return row === undefined ? each : { ...each, expiresAt: row.expiresAt }
            }),
          )
          return door.write({ ...group, operations }, at)
        },
      }),
  },
]

const sweepFaults: readonly Fault[] = [
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

const softDeleteFaults: readonly Fault[] = [
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

function doorOf(backend: Parameters<Fault['plant']>[0]): Door {
  return {
    read: (layout, keys) => backend.read(layout, keys),
    query: (layout, query, at) => backend.query(layout, query, at),
    count: (layout, question, at) => backend.count(layout, question, at),
    write: async (group, at) => {
      const [outcome] = await backend.write([group], at)
      if (outcome === undefined) throw new Error('a group without an outcome')
      return outcome
    },
  }
}

export const expiryFaults: readonly Fault[] = [...deadlineFaults, ...sweepFaults, ...softDeleteFaults]
