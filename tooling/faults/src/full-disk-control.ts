/**
 * What the full disk rig must find wrong: a store that overwrites in place. Each row has a file, which is cut to nothing
 * before it is written anew; on a full disk the row is then gone, and the write is refused all the same.
 */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStore, type Store, StoreError } from '@coffer/core'
import type { Backend, Group, Layout, Operation } from '@coffer/core/backend'
import { memory } from '@coffer/memory'

/** Opens it in a folder. */
export function overwritingStore(folder: string): Store {
  return createStore({ backend: overwriting(memory(), folder) })
}

/** It forgets sweeps and changes of definitions altogether, which nobody asks it for. */
function overwriting(kept: Backend, folder: string): Backend {
  const files = join(folder, 'rows')
  return {
    ...kept,
    open: async (layouts: readonly Layout[]) => {
      const stale = await kept.open(layouts)
      if (!existsSync(files)) mkdirSync(files)
      for (const name of readdirSync(files)) {
        const operation = parsed(readFileSync(join(files, name), 'utf8'))
        if (operation !== undefined) await kept.write([{ operations: [operation], checks: [] }], 0)
      }
      return stale
    },
    write: async (groups, at) => {
      overwrite(files, groups)
      return kept.write(groups, at)
    },
    transaction: (run) =>
      kept.transaction(async (transaction) => {
        const groups: Group[] = []
        const result = await run({
          read: (layout, keys) => transaction.read(layout, keys),
          query: (layout, query, at) => transaction.query(layout, query, at),
          count: (layout, question, at) => transaction.count(layout, question, at),
          aggregate: (layout, aggregation, at) => transaction.aggregate(layout, aggregation, at),
          savepoint: (inner) => transaction.savepoint(inner),
          write: (group, at) => {
            groups.push(group)
            return transaction.write(group, at)
          },
        })
        overwrite(files, groups)
        return result
      }),
  }
}

function overwrite(files: string, groups: readonly Group[]): void {
  try {
    for (const operation of groups.flatMap((group) => group.operations)) {
      const { layout, tenant, id } = operation
      const name = createHash('sha256')
        .update(JSON.stringify([layout.name, tenant, id]))
        .digest('hex')
      if (operation.type === 'delete') rmSync(join(files, name), { force: true })
      else writeFileSync(join(files, name), JSON.stringify({ ...operation, condition: { type: 'absent' } }))
    }
  } catch (cause) {
    throw new StoreError('NO_SPACE', 'the disk is full', { cause })
  }
}

/** What was cut can't be read any more. */
function parsed(text: string): Operation | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
