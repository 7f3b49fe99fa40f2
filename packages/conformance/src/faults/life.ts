/** Faults in opening, closing and what outlives them. */

import { EventEmitter } from 'node:events'
import type { Backend, Key, Layout } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { alter } from './seams.ts'

const leakedTimers = new Set<NodeJS.Timeout>()
const leakedListeners = new Set<() => void>()

/** Remembers the last put, to undo it at the end. */
function forgetful(backend: Backend): Backend {
  let last: { readonly layout: Layout; readonly key: Key; readonly at: number } | undefined
  const watched = alter(backend, {
    write: async (door, group, at) => {
      const outcome = await door.write(group, at)
      const put = group.operations.findLast((each) => each.type === 'put')
      if (outcome.ok && put !== undefined && !put.layout.appendOnly) {
        last = { layout: put.layout, key: { tenant: put.tenant, id: put.id }, at }
      }
      return outcome
    },
  })
  return overridden(watched, {
    close: async () => {
      if (last !== undefined) {
        const { layout, key, at } = last
        last = undefined
        await backend.write(
          [
            {
              operations: [{ type: 'delete', layout, ...key, condition: { type: 'none' }, mode: 'erase' }],
              checks: [],
            },
          ],
          at,
        )
      }
      return backend.close()
    },
  })
}

export const lifeFaults: readonly Fault[] = [
  {
    id: 'close-loses-last-write',
    clause: 'L1',
    title: 'the last acknowledged write is lost when the store is closed',
    plant: forgetful,
  },
  {
    id: 'close-twice-fails',
    clause: 'L1',
    title: 'a second close fails',
    plant: (backend) => {
      let closed = false
      return overridden(backend, {
        close: async () => {
          if (closed) throw new Error('already closed')
          closed = true
          return backend.close()
        },
      })
    },
  },
  {
    id: 'close-before-open-fails',
    clause: 'L1',
    title: 'a backend that was never opened can not be closed',
    plant: (backend) => {
      let opened = false
      return overridden(backend, {
        open: (layouts) => {
          opened = true
          return backend.open(layouts)
        },
        close: async () => {
          if (!opened) throw new Error('not open')
          return backend.close()
        },
      })
    },
  },
  {
    id: 'close-does-not-drain',
    clause: 'L1',
    title: 'a close beside a transaction makes its commit fail',
    plant: (backend) => {
      let closing = false
      return overridden(backend, {
        close: async () => {
          closing = true
          return backend.close()
        },
        transaction: (run) =>
          backend.transaction(async (transaction) => {
            const result = await run(transaction)
            // Whoever asks for the close has time to do so.
            await new Promise((resolve) => setImmediate(resolve))
            if (closing) throw new Error('closed')
            return result
          }),
        write: async (groups, at) => {
          await new Promise((resolve) => setImmediate(resolve))
          if (closing) throw new Error('closed')
          return backend.write(groups, at)
        },
      })
    },
  },
  {
    id: 'open-again-forgets',
    clause: 'L1',
    title: 'opening for a later collection closes the earlier ones',
    plant: (backend) => {
      let names = new Set<string>()
      return overridden(backend, {
        open: (layouts) => {
          names = new Set(layouts.flatMap((each) => [each.name, each.history?.name ?? '']))
          return backend.open(layouts)
        },
        read: async (layout, keys) => {
          if (!names.has(layout.name)) throw new Error(`no such table: ${layout.name}`)
          return backend.read(layout, keys)
        },
      })
    },
  },
  {
    id: 'open-leaks-timer',
    clause: 'L3',
    title: 'an open store keeps the process alive with a timer',
    plant: (backend) =>
      overridden(backend, {
        open: (layouts) => {
          leakedTimers.add(setInterval(() => undefined, 60_000))
          return backend.open(layouts)
        },
      }),
    mend: () => {
      for (const timer of leakedTimers) clearInterval(timer)
      leakedTimers.clear()
    },
  },
  {
    id: 'open-leaks-listener',
    clause: 'L1',
    title: 'every opened store leaves a listener on the process',
    plant: (backend) =>
      overridden(backend, {
        open: (layouts) => {
          const listener = () => undefined
          leakedListeners.add(listener)
          process.setMaxListeners(0)
          process.on('coffer-leak', listener)
          return backend.open(layouts)
        },
      }),
    mend: () => {
      for (const listener of leakedListeners) process.off('coffer-leak', listener)
      leakedListeners.clear()
      process.setMaxListeners(EventEmitter.defaultMaxListeners)
    },
  },
  {
    id: 'second-opener-sees-nothing',
    clause: 'W6',
    title: 'a second opener reads a copy of the moment when it opened the place',
    plant: (backend) => {
      const seen = new Map<string, readonly unknown[]>()
      return alter(backend, {
        query: async (door, layout, query, at) => {
          const name = JSON.stringify([layout.name, query])
          const page = await door.query(layout, query, at)
          if (!seen.has(name)) seen.set(name, page.rows)
          const rows = page.rows.slice(0, (seen.get(name) ?? []).length)
          return { ...page, rows }
        },
      })
    },
  },
  {
    id: 'append-only-not-enforced',
    clause: 'W1',
    title: 'entries of a log can be overwritten and removed below the contract',
    plant: (backend) =>
      alter(backend, {
        write: (door, group, at) =>
          door.write(
            {
              ...group,
              operations: group.operations.map((each) =>
                each.layout.appendOnly && (each.type !== 'put' || each.condition.type !== 'absent')
                  ? { ...each, layout: { ...each.layout, appendOnly: false, name: each.layout.name } }
                  : each,
              ),
            },
            at,
          ),
      }),
  },
  {
    id: 'reindex-does-nothing',
    clause: 'U1',
    title: 'rows of an older definition keep their index fields',
    plant: (backend) =>
      overridden(backend, { reindex: (layout, _rows, finished) => backend.reindex(layout, [], finished) }),
  },
  {
    id: 'reindex-overwrites',
    clause: 'U1',
    title: 'a rewrite for a new definition counts as a write of the record',
    plant: (backend) =>
      overridden(backend, {
        reindex: async (layout, rows, finished) => {
          await backend.reindex(layout, rows, finished)
          await backend.write(
            rows.map(({ tenant, id, document, fields, hash }) => ({
              operations: [
                {
                  type: 'put',
                  layout,
                  tenant,
                  id,
                  document,
                  fields,
                  hash,
                  condition: { type: 'none' },
                  expiresAt: 'keep',
                },
              ],
              checks: [],
            })),
            Date.now(),
          )
        },
      }),
  },
  {
    id: 'stale-not-told',
    clause: 'U1',
    title: 'nobody is told that rows were written for an older definition',
    plant: (backend) =>
      overridden(backend, {
        open: async (layouts) => {
          await backend.open(layouts)
          return []
        },
      }),
  },
  {
    id: 'field-source-ignored',
    clause: 'U2',
    title: 'a field that is taken from another place of the record counts as the same field',
    plant: (backend) =>
      overridden(backend, {
        open: (layouts) =>
          backend.open(
            layouts.map((layout) => ({
              ...layout,
              fields: layout.fields.map((field) => ({ ...field, source: undefined })),
            })),
          ),
      }),
  },
  {
    id: 'error-code-lost',
    clause: 'X4',
    title: 'every failure of the engine is called a conflict',
    plant: (backend) => overridden(backend, { errorCode: () => 'CONFLICT' }),
  },
  {
    id: 'newer-format-opened',
    clause: 'L4',
    title: 'a place of a newer format is opened as if it were of this one',
    plant: (backend) => overridden(backend, { open: (layouts) => backend.open(layouts).catch(() => []) }),
  },
  {
    id: 'capabilities-promise-more',
    clause: 'S1',
    title: 'a backend declares something else than its harness says',
    plant: (backend) =>
      overridden(backend, { capabilities: Object.freeze({ ...backend.capabilities, lanes: 99 }) }),
  },
]
