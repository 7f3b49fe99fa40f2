/** A backend as it is known to go wrong: it notes that all rows are rewritten before they are. */

import type { StoreConfig } from '@coffer/core'
import type { Backend, Layout, Reindexed } from '@coffer/core/backend'
import { file } from '@coffer/file'
import { postgres } from '@coffer/postgres'
import { sqlite } from '@coffer/sqlite'

/** @param onPage called when a page of rows was rewritten; what follows waits for it */
export function naiveBackend(config: StoreConfig, onPage: () => Promise<void>): Backend {
  const kept = backendOf(config)
  const reindex = async (layout: Layout, rows: readonly Reindexed[]) => {
    await kept.reindex(layout, rows, true)
    await onPage()
  }
  return new Proxy(kept, {
    get(target, name) {
      if (name === 'reindex') return reindex
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function backendOf(config: StoreConfig): Backend {
  if (!('type' in config)) throw new Error('a config with a type is wanted')
  const { type, ...options } = config as { readonly type: string }
  const make = { file, sqlite, postgresql: postgres }[type] as ((options: object) => Backend) | undefined
  if (make === undefined) throw new Error(`there is no naive ${type}`)
  return make(options)
}
