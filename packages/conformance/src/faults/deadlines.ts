/** Faults in deadlines: when a record counts as expired, and what becomes of the deadline it had. */

import { isExpired } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { byRules, countedBy } from './requery.ts'
import { onPuts } from './rewrites.ts'
import { alter } from './seams.ts'

export const deadlineFaults: readonly Fault[] = [
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
        aggregate: (door, layout, aggregation) => door.aggregate(layout, aggregation, Date.now()),
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
