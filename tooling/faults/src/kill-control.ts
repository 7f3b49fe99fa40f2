/**
 * What the kill rig must find wrong: a store that acknowledges before it has written. It keeps everything in
 * memory and now and then writes what there was a moment ago into one file, in place.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createStore, type Store, type StoreConfig } from '@coffer/core'
import type { Backend, Group, Layout } from '@coffer/core/backend'

/** What a process of the kill rig opens. Plain data. */
export type KillSubjectConfig = StoreConfig | ForgetfulConfig

interface ForgetfulConfig {
  readonly type: 'forgetful'
  readonly path: string
}

/** Makes the store of a config, the forgetful one included. */
export async function openKillSubject(config: KillSubjectConfig): Promise<Store> {
  if (!isForgetful(config)) return createStore(config)
  const { memory } = await import('@coffer/memory')
  return createStore({ backend: forgetful(memory(), config.path) })
}

function isForgetful(config: KillSubjectConfig): config is ForgetfulConfig {
  return 'type' in config && config.type === 'forgetful'
}

/** How old it is what gets written. What is newer is in memory only. */
const AGE_MS = 25

interface Written {
  readonly groups: readonly Group[]
  readonly at: number
}

/** It forgets sweeps and changes of definitions altogether, which nobody asks it for. */
function forgetful(kept: Backend, path: string): Backend {
  const written: Written[] = []
  let timer: NodeJS.Timeout | undefined
  const write = (count: number) => {
    timer = undefined
    writeFileSync(path, JSON.stringify(written.slice(0, count)))
  }
  const remember = (groups: readonly Group[], at: number) => {
    timer ??= setTimeout(write, AGE_MS, written.length)
    written.push({ groups, at })
  }
  const replay = async (layouts: readonly Layout[]) => {
    const before: readonly Written[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []
    const stale = await kept.open(layouts)
    for (const { groups, at } of before) await kept.write(groups, at)
    written.push(...before)
    return stale
  }
  return {
    ...kept,
    open: replay,
    close: async () => {
      clearTimeout(timer)
      if (timer !== undefined) write(written.length)
      await kept.close()
    },
    write: async (groups, at) => {
      const outcomes = await kept.write(groups, at)
      remember(groups, at)
      return outcomes
    },
    transaction: async (run) => {
      const groups: Group[] = []
      let last = 0
      const result = await kept.transaction((transaction) =>
        run({
          read: (layout, keys) => transaction.read(layout, keys),
          query: (layout, query, at) => transaction.query(layout, query, at),
          count: (layout, question, at) => transaction.count(layout, question, at),
          aggregate: (layout, aggregation, at) => transaction.aggregate(layout, aggregation, at),
          savepoint: (inner) => transaction.savepoint(inner),
          write: (group, at) => {
            groups.push(group)
            last = at
            return transaction.write(group, at)
          },
        }),
      )
      remember(groups, last)
      return result
    },
  }
}
