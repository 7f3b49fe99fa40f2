/** A process around a migration: it opens a store by the new definition, or works by the old one, or only reads. */

import { createStore, type StoreConfig } from '@coffer/core'
import { plainReader } from './migration-reader.ts'
import { item, items, oldItems } from './migration-records.ts'
import { serve, standStill } from './worker-process.ts'

/** What such a process is told to do. */
export interface MigrationJob {
  readonly type: 'open' | 'open naively' | 'write' | 'read'
  readonly config: StoreConfig
}

/** What it did until it was told to stop. */
export interface MigrationResult {
  readonly done: number
  readonly longestMs: number
}

type Note = () => void

await serve<MigrationJob, MigrationResult>(async ({ type, config }, { stopped, note }) => {
  if (type === 'open' || type === 'open naively') {
    await using store = createStore(type === 'open' ? config : await naive(config, note))
    store.collection(items)
    await store.open()
    return { done: 1, longestMs: 0 }
  }
  if (type === 'read') {
    const reader = await plainReader(config)
    try {
      return await again(() => reader.read(), stopped, note)
    } finally {
      await reader.end()
    }
  }
  await using store = createStore(config)
  const collection = store.collection(oldItems)
  await store.open()
  return await again((number) => collection.put(item(number, true)), stopped, note)
})

/** Loaded where it is wanted: it takes all backends with it. */
async function naive(config: StoreConfig, note: Note): Promise<StoreConfig> {
  const { naiveBackend } = await import('./migration-naive.ts')
  return { backend: naiveBackend(config, () => standStill(note)) }
}

/** Does something again and again, twice at least, and looks for the longest time between two ends of it. */
async function again(
  act: (number: number) => Promise<unknown>,
  stopped: Promise<void>,
  note: Note,
): Promise<MigrationResult> {
  let isOver = false
  stopped.then(() => {
    isOver = true
  })
  let [done, longestMs] = [0, 0]
  await act(done++)
  note()
  let last = performance.now()
  do {
    await act(done++)
    const now = performance.now()
    longestMs = Math.max(longestMs, now - last)
    last = now
    await new Promise((resolve) => setTimeout(resolve, 1))
  } while (!isOver)
  return { done, longestMs: Math.ceil(longestMs) }
}
