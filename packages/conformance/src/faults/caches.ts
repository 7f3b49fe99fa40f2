/** Caches that are wrong in one way each: the healthy one with a part taken out, or with a memory before it. */

import type { Backend, CacheLimits, Group, Key, Layout, StoredRow } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'

/** What a broken cache is made of: the healthy one, and the backend without it. */
interface Parts {
  readonly cached: Backend
  readonly backend: Backend
}

/** A fault that replaces some of what a healthy cache does. */
function cacheFault(
  id: string,
  clause: string,
  title: string,
  wrong: (parts: Parts) => Partial<Backend>,
): Fault {
  return {
    id: `cache-${id}`,
    clause,
    title,
    plant: (backend) => backend,
    plantCache: (withCache) => (backend, limits) => {
      const cached = withCache(backend, limits)
      return overridden(cached, wrong({ cached, backend }))
    },
  }
}

/** A fault of a healthy cache that is told the wrong limits. */
function limitsFault(id: string, clause: string, title: string, wrong: Partial<CacheLimits>): Fault {
  const fault = cacheFault(id, clause, title, () => ({}))
  return {
    ...fault,
    plantCache: (withCache) => (backend, limits) => withCache(backend, { ...limits, ...wrong }),
  }
}

/** The rows that a fault remembers, by name; `undefined` is the answer that there is none. */
type Answers = Map<string, StoredRow | undefined>

const nameOf = (layout: Layout, { tenant, id }: Key) => JSON.stringify([layout.name, tenant, id])

/** Reads that prefer what the fault remembers. */
function remembering(cached: Backend, answers: Answers, name = nameOf): Backend['read'] {
  return async (layout, keys, options) => {
    const rows = await cached.read(layout, keys, options)
    if (options !== undefined) return rows
    return keys.map((key, index) => {
      const known = name(layout, key)
      return answers.has(known) ? answers.get(known) : rows[index]
    })
  }
}

function operationsOf(groups: readonly Group[]) {
  return groups.flatMap(({ operations }) => operations)
}

/** Writes of which one kind of operation is not noticed. */
const unnoticed =
  (type: 'put' | 'delete' | 'restore') =>
  ({ cached, backend }: Parts): Partial<Backend> => ({
    write: (groups, at) => {
      const isUnnoticed = operationsOf(groups).every((operation) => operation.type === type)
      return (isUnnoticed ? backend : cached).write(groups, at)
    },
  })

/** Notes what transactions write, as they see it themselves. */
function notingWrites({ cached }: Parts, note: Answers): Backend['transaction'] {
  return (run) =>
    cached.transaction((inside) =>
      run(
        overridden(inside, {
          write: async (group, at) => {
            const outcome = await inside.write(group, at)
            for (const operation of group.operations) {
              const [row] = await inside.read(operation.layout, [operation])
              note.set(nameOf(operation.layout, operation), row)
            }
            return outcome
          },
        }),
      ),
    )
}

const forgettingFaults: readonly Fault[] = [
  cacheFault('put-unnoticed', 'C2', 'a put leaves the old record in the cache', unnoticed('put')),
  cacheFault('delete-unnoticed', 'C2', 'a deletion leaves the record in the cache', unnoticed('delete')),
  cacheFault('restore-unnoticed', 'C2', 'a restored record stays deleted', unnoticed('restore')),
  cacheFault('transaction-unnoticed', 'C2', 'a transaction leaves old records', ({ backend }) => ({
    transaction: (run) => backend.transaction(run),
  })),
  cacheFault('sweep-unnoticed', 'C2', 'a sweep leaves the removed records', ({ backend }) => ({
    sweep: (layout, sweep, limit, at) => backend.sweep(layout, sweep, limit, at),
  })),
  cacheFault('absent-stays', 'C2', 'that a record is absent survives its insertion', ({ cached }) => {
    const answers: Answers = new Map()
    return {
      read: remembering(cached, answers),
      write: async (groups, at) => {
        for (const operation of operationsOf(groups)) {
          if (operation.type !== 'put' || operation.condition.type !== 'absent') continue
          const [row] = await cached.read(operation.layout, [operation])
          if (row === undefined) answers.set(nameOf(operation.layout, operation), row)
        }
        return cached.write(groups, at)
      },
    }
  }),
  cacheFault('refused-stays', 'C2', 'a write that is refused or fails forgets nothing', ({ cached }) => {
    const answers: Answers = new Map()
    return {
      read: remembering(cached, answers),
      write: async (groups, at) => {
        const operations = operationsOf(groups)
        const before = await Promise.all(operations.map((each) => cached.read(each.layout, [each])))
        const stay = () => {
          for (const [index, each] of operations.entries())
            answers.set(nameOf(each.layout, each), before[index]?.[0])
        }
        const outcomes = await cached.write(groups, at).catch((error) => {
          stay()
          throw error
        })
        if (outcomes.some(({ ok }) => !ok)) stay()
        return outcomes
      },
    }
  }),
]

const raceFaults: readonly Fault[] = [
  cacheFault('late-read-kept', 'C3', 'a read that met a write is kept', ({ cached }) => {
    const answers: Answers = new Map()
    let writes = 0
    const read = remembering(cached, answers)
    return {
      read: async (layout, keys, options) => {
        const before = writes
        const rows = await read(layout, keys, options)
        if (options === undefined && writes > before) {
          for (const [index, key] of keys.entries()) answers.set(nameOf(layout, key), rows[index])
        }
        return rows
      },
      write: async (groups, at) => {
        const outcomes = await cached.write(groups, at)
        for (const { layout, tenant, id } of operationsOf(groups))
          answers.delete(nameOf(layout, { tenant, id }))
        writes++
        return outcomes
      },
    }
  }),
  cacheFault('read-joined-late', 'C3', 'a read after a write joins one from before it', ({ cached }) => {
    const flights = new Map<string, ReturnType<Backend['read']>>()
    return {
      read: (layout, keys, options) => {
        if (options !== undefined) return cached.read(layout, keys, options)
        const name = JSON.stringify(keys.map((key) => nameOf(layout, key)))
        const flight = flights.get(name) ?? cached.read(layout, keys).finally(() => flights.delete(name))
        flights.set(name, flight)
        return flight
      },
    }
  }),
  cacheFault('undone-stays', 'C5', 'what a transaction had written is kept when it is undone', (parts) => {
    const answers: Answers = new Map()
    return {
      read: remembering(parts.cached, answers),
      transaction: async (run) => {
        const written: Answers = new Map()
        try {
          return await notingWrites(parts, written)(run)
        } catch (error) {
          for (const [name, row] of written) answers.set(name, row)
          throw error
        }
      },
    }
  }),
  cacheFault('uncommitted-seen', 'C5', 'what a transaction writes is answered beside it', (parts) => {
    const written: Answers = new Map()
    return {
      read: remembering(parts.cached, written),
      transaction: (run) => notingWrites(parts, written)(run).finally(() => written.clear()),
    }
  }),
]

const limitFaults: readonly Fault[] = [
  limitsFault('no-deadline', 'C4', 'an answer is kept however old it is', { ttlMs: Number.MAX_VALUE }),
  limitsFault('entries-unbounded', 'C6', 'any number of records is kept', { maxEntries: 1_000_000 }),
  limitsFault('bytes-unbounded', 'C6', 'documents of any size are kept', { maxBytes: 2 ** 40 }),
  {
    ...cacheFault('hints-ignored', 'C4', 'hints are not heard', () => ({})),
    plantCache: (withCache) => (backend, limits) =>
      withCache(overridden(backend, { watch: () => undefined }), limits),
  },
  {
    ...cacheFault('hints-in-part', 'C4', 'that hints were missed is not heard', () => ({})),
    plantCache: (withCache) => (backend, limits) => {
      const watch: Backend['watch'] = (onChange) =>
        backend.watch?.((changed) => onChange(changed === undefined ? [] : changed))
      return withCache(overridden(backend, { watch }), limits)
    },
  },
]

const answerFaults: readonly Fault[] = [
  cacheFault('keeps-nothing', 'C1', 'every read goes to the backend', ({ backend }) => ({
    read: (layout, keys, options) => backend.read(layout, keys, options),
  })),
  cacheFault('hits-wait', 'C1', 'what is kept is answered after the reads before it', ({ cached }) => {
    let last: Promise<unknown> = Promise.resolve()
    return {
      read: (layout, keys, options) => {
        const before = last
        const rows = before.then(() => cached.read(layout, keys, options))
        last = rows.catch(() => undefined)
        return rows
      },
    }
  }),
  cacheFault('strong-remembered', 'C1', 'a strong read is answered from memory', ({ cached }) => ({
    read: (layout, keys) => cached.read(layout, keys),
  })),
  cacheFault('tenants-mixed', 'C8', 'a tenant is answered what another has', ({ cached }) => {
    const answers: Answers = new Map()
    const idOf = (layout: Layout, { id }: Key) => JSON.stringify([layout.name, id])
    const read = remembering(cached, answers, idOf)
    return {
      read: async (layout, keys, options) => {
        const rows = await read(layout, keys, options)
        for (const row of rows) if (row !== undefined) answers.set(idOf(layout, row), row)
        return rows
      },
      write: (groups, at) => {
        for (const operation of operationsOf(groups)) answers.delete(idOf(operation.layout, operation))
        return cached.write(groups, at)
      },
    }
  }),
  cacheFault('failure-kept', 'C7', 'a failed read fails again', ({ cached }) => {
    const failures = new Map<string, unknown>()
    return {
      read: async (layout, keys, options) => {
        const names = keys.map((key) => nameOf(layout, key))
        const failed = names.find((name) => failures.has(name))
        if (failed !== undefined) throw failures.get(failed)
        try {
          return await cached.read(layout, keys, options)
        } catch (error) {
          for (const name of names) failures.set(name, error)
          throw error
        }
      },
    }
  }),
]

export const cacheFaults: readonly Fault[] = [
  ...forgettingFaults,
  ...raceFaults,
  ...limitFaults,
  ...answerFaults,
]
