/** Faults in snapshots: what they tell, in which order, and of which moment. */

import { type NewRow, type Operation, type PutOperation, StoreError } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import {
  allRowsIn,
  compareKeys,
  contentsFault,
  isSameKey,
  pageBehind,
  rowsFault,
  snapshotFault,
} from './contents-fault.ts'
import type { Fault } from './fault.ts'

const told: readonly Fault[] = [
  rowsFault('snapshot-without-deleted', 'a snapshot leaves out what was deleted softly', (row) =>
    row.deletedAt === null ? row : undefined,
  ),
  rowsFault('snapshot-without-mortal', 'a snapshot leaves out what has a deadline', (row) =>
    row.expiresAt === null ? row : undefined,
  ),
  rowsFault('snapshot-one-tenant', 'a snapshot has the rows of the default tenant alone', (row) =>
    row.tenant === 'default' ? row : undefined,
  ),
  rowsFault('snapshot-hash-lost', 'a snapshot tells no hashes', (row) => ({ ...row, hash: null })),
  rowsFault('snapshot-deadline-lost', 'a snapshot tells no deadlines', (row) => ({
    ...row,
    expiresAt: null,
  })),
  rowsFault('snapshot-deletion-lost', 'a snapshot tells soft-deleted rows as live ones', (row) => ({
    ...row,
    deletedAt: null,
  })),
  rowsFault('snapshot-version-lost', 'a snapshot tells every row with the version 1', (row) => ({
    ...row,
    version: 1,
  })),
  rowsFault('snapshot-creation-lost', 'a snapshot tells the last change as the creation', (row) => ({
    ...row,
    createdAt: row.updatedAt,
  })),
  rowsFault('snapshot-fields-lost', 'a snapshot tells rows without the values of their fields', (row) => ({
    ...row,
    fields: row.fields.map(() => null),
  })),
  rowsFault('snapshot-false-as-null', 'a snapshot tells false as null', (row) => ({
    ...row,
    fields: row.fields.map((value) => (value === false ? null : value)),
  })),
  rowsFault(
    'snapshot-schema-of-layout',
    'a snapshot tells every row as one of the newest version of the schema',
    (row, layout) => ({ ...row, schemaVersion: Math.max(row.schemaVersion, layout.schemaVersion) }),
  ),
  rowsFault('snapshot-without-past', 'a snapshot tells the tables of histories as empty', (row, layout) =>
    layout.name.endsWith('__history') ? undefined : row,
  ),
  snapshotFault(
    'snapshot-without-histories',
    'O1',
    'a snapshot leaves out the layouts of histories',
    (snapshot) => ({
      layouts: snapshot.layouts.filter(({ layout }) => !layout.name.endsWith('__history')),
    }),
  ),
  snapshotFault(
    'snapshot-without-internal',
    'O1',
    'a snapshot leaves out what Coffer keeps for itself',
    (snapshot) => ({
      layouts: snapshot.layouts.filter(({ layout }) => !layout.name.startsWith('coffer_')),
    }),
  ),
  snapshotFault('snapshot-floors-lost', 'O2', 'a snapshot tells no floors', () => ({
    floors: async () => [],
  })),
  snapshotFault(
    'snapshot-floors-one-page',
    'O2',
    'the second page of floors is the first once more',
    (snapshot) => ({
      floors: (layout, after, limit) =>
        snapshot.floors(layout, limit === 1 ? after : undefined, after === undefined ? limit : 0),
    }),
  ),
]

/** Gives out rows that are kept, and answers with them whoever reads by key afterwards. */
const kept: Fault = {
  id: 'snapshot-gives-its-own',
  clause: 'V4',
  title: 'a snapshot gives out the rows that are kept',
  plant: (backend) => {
    const { contents } = backend
    if (contents === undefined) return backend
    const own = new Map<string, NewRow>()
    return overridden(backend, {
      read: async (layout, keys, options) => {
        const rows = await backend.read(layout, keys, options)
        return rows.map((row) => {
          const mine = row && own.get(JSON.stringify([layout.name, row.tenant, row.id, row.version]))
          return row && mine ? { ...row, document: mine.document } : row
        })
      },
      contents: overridden(contents, {
        snapshot: (run) =>
          contents.snapshot((snapshot) =>
            run(
              overridden(snapshot, {
                rows: async (layout, after, limit) => {
                  const rows = await snapshot.rows(layout, after, limit)
                  for (const row of rows) {
                    own.set(JSON.stringify([layout.name, row.tenant, row.id, row.version]), row)
                  }
                  return rows
                },
              }),
            ),
          ),
      }),
    })
  },
}

const inOrder: readonly Fault[] = [
  snapshotFault(
    'snapshot-in-utf-16-order',
    'O2',
    'rows of a snapshot are sorted by UTF-16 code units',
    (snapshot) => ({
      rows: async (layout, after, limit) => {
        const rows = (await allRowsIn(snapshot, layout)).toSorted(
          (one, other) => compareUnits(one.tenant, other.tenant) || compareUnits(one.id, other.id),
        )
        const start = after === undefined ? 0 : rows.findIndex((row) => isSameKey(row, after)) + 1
        return rows.slice(start, start + limit)
      },
    }),
  ),
  snapshotFault(
    'snapshot-by-id-first',
    'O2',
    'rows of a snapshot are sorted by id before tenant',
    (snapshot) => ({
      rows: async (layout, after, limit) => {
        const rows = (await allRowsIn(snapshot, layout)).toSorted((one, other) =>
          compareKeys({ tenant: one.id, id: one.tenant }, { tenant: other.id, id: other.tenant }),
        )
        const start = after === undefined ? 0 : rows.findIndex((row) => isSameKey(row, after)) + 1
        return rows.slice(start, start + limit)
      },
    }),
  ),
  snapshotFault('snapshot-skips-tenant', 'O2', 'a page begins with the next tenant', (snapshot) => ({
    rows: async (layout, after, limit) => {
      const rows = await allRowsIn(snapshot, layout)
      const behind = rows.filter(({ tenant }) => after === undefined || tenant > after.tenant)
      return behind.slice(0, limit)
    },
  })),
  snapshotFault(
    'snapshot-compares-ids-alone',
    'O2',
    'a page leaves out rows whose id is not behind the key’s',
    (snapshot) => ({
      rows: async (layout, after, limit) =>
        (await allRowsIn(snapshot, layout))
          .filter(({ tenant, id }) => after === undefined || (tenant >= after.tenant && id > after.id))
          .slice(0, limit),
    }),
  ),
  snapshotFault(
    'snapshot-repeats-row',
    'O2',
    'a page begins with the row that it should begin behind',
    (snapshot) => ({
      rows: async (layout, after, limit) => {
        const rows = await allRowsIn(snapshot, layout)
        const behind = rows.filter((row) => after === undefined || compareKeys(row, after) >= 0)
        return behind.slice(0, limit)
      },
    }),
  ),
  snapshotFault(
    'snapshot-needs-key',
    'O2',
    'a page behind a key that is not there begins anew',
    (snapshot) => ({
      rows: async (layout, after, limit) => {
        const rows = await allRowsIn(snapshot, layout)
        const isThere = after !== undefined && rows.some((row) => isSameKey(row, after))
        return pageBehind(rows, isThere ? after : undefined, limit)
      },
    }),
  ),
  snapshotFault('snapshot-short-page', 'O2', 'a page has one row less than was asked for', (snapshot) => ({
    rows: (layout, after, limit) => snapshot.rows(layout, after, Math.max(1, limit - 1)),
  })),
  snapshotFault('snapshot-page-capped', 'O2', 'a page has never more than 1,000 rows', (snapshot) => ({
    rows: (layout, after, limit) => snapshot.rows(layout, after, Math.min(1_000, limit)),
  })),
]

function compareUnits(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

const ofOneState: readonly Fault[] = [
  snapshotFault(
    'snapshot-page-by-page',
    'O3',
    'every page of a snapshot is of its own moment',
    (_snapshot, contents) => ({
      rows: (layout, after, limit) => contents.snapshot((now) => now.rows(layout, after, limit)),
    }),
  ),
  snapshotFault(
    'snapshot-floors-of-now',
    'O3',
    'floors are those of the moment when they are asked for',
    (_snapshot, contents) => ({
      floors: (layout, after, limit) => contents.snapshot((now) => now.floors(layout, after, limit)),
    }),
  ),
  snapshotFault(
    'snapshot-begins-late',
    'O3',
    'the state of each layout is that of its first page',
    (_snapshot, contents) => {
      const states = new Map<string, Promise<readonly NewRow[]>>()
      return {
        rows: async (layout, after, limit) => {
          const state = states.get(layout.name) ?? contents.snapshot((now) => allRowsIn(now, layout))
          states.set(layout.name, state)
          return pageBehind(await state, after, limit)
        },
      }
    },
  ),
  contentsFault('snapshot-lags', 'O3', 'a snapshot is the state that the one before it had', (contents) => {
    const before = new Map<string, readonly NewRow[]>()
    return {
      snapshot: (run) =>
        contents.snapshot(async (snapshot) => {
          const lagging = new Map(before)
          for (const { layout } of snapshot.layouts)
            before.set(layout.name, await allRowsIn(snapshot, layout))
          return run(
            overridden(snapshot, {
              rows: async (layout, after, limit) => {
                const rows = lagging.get(layout.name)
                return rows ? pageBehind(rows, after, limit) : snapshot.rows(layout, after, limit)
              },
            }),
          )
        }),
    }
  }),
  {
    id: 'snapshot-sees-uncommitted',
    clause: 'O3',
    title: 'a snapshot has what open transactions have put over rows',
    plant: (backend) => {
      const { contents } = backend
      if (contents === undefined) return backend
      const puts = new Set<PutOperation>()
      return overridden(backend, {
        transaction: async (run) => {
          const own: Operation[] = []
          try {
            return await backend.transaction((inside) =>
              run(
                overridden(inside, {
                  write: (group, at) => {
                    own.push(...group.operations)
                    for (const each of group.operations) if (each.type === 'put') puts.add(each)
                    return inside.write(group, at)
                  },
                }),
              ),
            )
          } finally {
            for (const each of own) if (each.type === 'put') puts.delete(each)
          }
        },
        contents: overridden(contents, {
          snapshot: (run) =>
            contents.snapshot((snapshot) => {
              const dirty = [...puts]
              return run(
                overridden(snapshot, {
                  rows: async (layout, after, limit) =>
                    (await snapshot.rows(layout, after, limit)).map((row) => {
                      const put = dirty.find(
                        (each) => each.layout.name === layout.name && isSameKey(each, row),
                      )
                      return put ? { ...row, document: put.document, fields: put.fields } : row
                    }),
                }),
              )
            }),
        }),
      })
    },
  },
  contentsFault(
    'snapshot-one-at-a-time',
    'O3',
    'a snapshot waits for the end of every one before it',
    (contents) => {
      let last: Promise<unknown> = Promise.resolve()
      return {
        snapshot: (run) => {
          const mine = last.then(() => contents.snapshot(run))
          last = mine.catch(() => undefined)
          return mine
        },
      }
    },
  ),
  contentsFault(
    'snapshot-never-given-back',
    'O3',
    'what a failed callback held is never given back',
    (contents) => {
      let free = 8
      return {
        snapshot: async (run) => {
          if (free === 0) throw new StoreError('UNAVAILABLE', 'no connection is free')
          free--
          const answer = await contents.snapshot(run)
          free++
          return answer
        },
      }
    },
  ),
  {
    id: 'snapshot-stops-writes',
    clause: 'O3',
    title: 'writes wait until no snapshot is held',
    plant: (backend) => {
      const { contents } = backend
      if (contents === undefined) return backend
      let held: Promise<unknown> = Promise.resolve()
      return overridden(backend, {
        write: async (groups, at) => {
          await held
          return backend.write(groups, at)
        },
        contents: overridden(contents, {
          snapshot: (run) => {
            const mine = contents.snapshot(run)
            held = Promise.allSettled([held, mine])
            return mine
          },
        }),
      })
    },
  },
]

export const snapshotFaults: readonly Fault[] = [...told, kept, ...inOrder, ...ofOneState]
