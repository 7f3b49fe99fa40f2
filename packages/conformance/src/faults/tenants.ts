/** Faults in keeping tenants apart. */

import type { Key } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { isHistory } from './requery.ts'
import { onOutcomes, onQuestions } from './rewrites.ts'
import { alter } from './seams.ts'

export const tenantFaults: readonly Fault[] = [
  {
    id: 'tenant-ignored-in-queries',
    clause: 'N1',
    title: 'questions are answered from the default tenant',
    plant: (backend) =>
      alter(
        backend,
        onQuestions((question) => ({ ...question, tenant: 'default' })),
      ),
  },
  {
    id: 'tenant-ignored-in-counts',
    clause: 'N1',
    title: 'counts are those of all tenants',
    plant: (backend) =>
      alter(backend, {
        count: async (door, layout, question, at) => {
          let total = 0
          const tenants = isHistory(layout) ? [question.tenant] : await backend.tenants(layout)
          for (const tenant of tenants) total += await door.count(layout, { ...question, tenant }, at)
          return total
        },
      }),
  },
  {
    id: 'tenant-ignored-in-reads',
    clause: 'N1',
    title: 'a key that a tenant does not have is looked up in the default tenant',
    plant: (backend) =>
      alter(backend, {
        read: async (door, layout, keys) => {
          const rows = await door.read(layout, keys)
          const others = await door.read(
            layout,
            keys.map((key) => ({ ...key, tenant: 'default' })),
          )
          return rows.map((row, position) => row ?? others[position])
        },
      }),
  },
  {
    id: 'tenant-ignored-in-writes',
    clause: 'N1',
    title: 'tenants share their records',
    plant: (backend) =>
      alter(backend, {
        read: (door, layout, keys) =>
          door.read(
            layout,
            keys.map((key) => ({ ...key, tenant: 'default' })),
          ),
        write: (door, group, at) =>
          door.write(
            { ...group, operations: group.operations.map((each) => ({ ...each, tenant: 'default' })) },
            at,
          ),
      }),
  },
  {
    id: 'tenant-lower-cased',
    clause: 'N1',
    title: 'tenants that differ in case are one tenant',
    plant: (backend) =>
      alter(backend, {
        read: (door, layout, keys) =>
          door.read(
            layout,
            keys.map((key) => ({ ...key, tenant: key.tenant.toLowerCase() })),
          ),
        query: (door, layout, query, at) =>
          door.query(layout, { ...query, tenant: query.tenant.toLowerCase() }, at),
        count: (door, layout, question, at) =>
          door.count(layout, { ...question, tenant: question.tenant.toLowerCase() }, at),
        aggregate: (door, layout, aggregation, at) =>
          door.aggregate(layout, { ...aggregation, tenant: aggregation.tenant.toLowerCase() }, at),
        write: (door, group, at) =>
          door.write(
            {
              ...group,
              operations: group.operations.map((each) => ({ ...each, tenant: each.tenant.toLowerCase() })),
            },
            at,
          ),
      }),
  },
  {
    id: 'clear-all-tenants',
    clause: 'N1',
    title: 'clearing a tenant clears all others as well',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const erased = group.operations.filter((each) => each.type === 'delete' && each.mode === 'erase')
          const first = erased[0]
          if (first === undefined || erased.length < group.operations.length) return door.write(group, at)
          const others = await backend.tenants(first.layout)
          const operations = erased.flatMap((each) => others.map((tenant) => ({ ...each, tenant })))
          const outcome = await door.write(group, at)
          await door.write({ operations, checks: [] }, at)
          return outcome
        },
      }),
  },
  {
    id: 'tenants-not-told',
    clause: 'N1',
    title: 'the backend knows of the default tenant alone',
    plant: (backend) => overridden(backend, { tenants: async () => ['default'] }),
  },
  {
    id: 'tenants-share-floors',
    clause: 'N2',
    title: 'versions of all tenants are counted together',
    plant: (backend) => {
      let highest = 0
      return alter(
        backend,
        onOutcomes((outcome) => {
          if (!outcome.ok) return outcome
          const applied = outcome.applied.map((each) => {
            highest = Math.max(highest, each.version)
            return { ...each, version: highest }
          })
          return { ...outcome, applied }
        }),
      )
    },
  },
  {
    id: 'tenants-run-together',
    clause: 'N2',
    title: 'a tenant and a key are one text with a colon in between',
    plant: (backend) => {
      const together = <K extends Key>(key: K): K => ({
        ...key,
        tenant: 'all',
        id: `${key.tenant}:${key.id}`,
      })
      return alter(backend, {
        read: async (door, layout, keys) => {
          const rows = await door.read(layout, keys.map(together))
          return rows.map((row, position) => row && { ...row, ...keys[position] })
        },
        write: (door, group, at) => door.write({ ...group, operations: group.operations.map(together) }, at),
      })
    },
  },
  {
    id: 'purge-other-tenants',
    clause: 'N4',
    title: 'a purge of one tenant purges all',
    plant: (backend) =>
      alter(backend, {
        sweep: (inner, layout, sweep, limit, at) =>
          inner.sweep(layout, sweep.type === 'deleted' ? { ...sweep, tenant: undefined } : sweep, limit, at),
      }),
  },
  {
    id: 'batch-of-one-tenant',
    clause: 'N5',
    title: 'all that is written in one call is written for the tenant of its first record',
    plant: (backend) =>
      overridden(backend, {
        write: (groups, at) => {
          const tenant = groups[0]?.operations[0]?.tenant ?? 'default'
          const own = groups.map((group) => ({
            ...group,
            operations: group.operations.map((each) => ({ ...each, tenant })),
          }))
          return backend.write(own, at)
        },
      }),
  },
]
