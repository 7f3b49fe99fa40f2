/**
 * One step of the trial of opening, as a process: `write`, `compact` or `open`, a directory, and a number of
 * records. Prints what it took as a line of JSON.
 */

import { readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { createStore, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { StepReport } from './file-open-trial.ts'

const small = defineCollection({
  name: 'small',
  schema: z.object({ id: z.string(), kind: z.string(), tokens: z.int(), note: z.string() }),
  key: 'id',
  fields: { kind: 'index' },
})

/** Callers that store one record each. */
const CALLERS = 256

const [step, basePath = '', countText] = process.argv.slice(2)
const count = Number(countText)

function record(number: number) {
  return {
    id: `record-${String(number).padStart(9, '0')}`,
    kind: number % 3 === 0 ? 'message' : 'tool',
    tokens: number % 500,
    note: `order ${number}`,
  }
}

const steps: Readonly<Record<string, () => Promise<{ elapsed: number; close(): Promise<void> }>>> = {
  /** One by one, as programs do, by many callers at once. */
  write: async () => {
    const { store, collection } = openSmall()
    const startedAt = performance.now()
    let next = 0
    const caller = async () => {
      while (next < count) await collection.put(record(next++))
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    return { elapsed: performance.now() - startedAt, close: () => store.close() }
  },
  /** A store compacts by itself, beside its work: a few records are stored again, which gives it reason to. */
  compact: async () => {
    const { store, collection } = openSmall({ minBytes: 0, deadShare: 0 })
    const compacted = untilCompacted()
    await store.open()
    const startedAt = performance.now()
    await collection.putMany(Array.from({ length: Math.ceil(count / 100) }, (_each, index) => record(index)))
    await compacted
    return { elapsed: performance.now() - startedAt, close: () => store.close() }
  },
  open: async () => {
    const { store, collection } = openSmall()
    const startedAt = performance.now()
    await store.open()
    const elapsed = performance.now() - startedAt
    const last = record(count - 1)
    if (JSON.stringify(await collection.get(last.id)) !== JSON.stringify(last)) {
      throw new Error('the last record is not as it was written')
    }
    if ((await collection.count()) !== count) throw new Error('not all records are there')
    return { elapsed, close: () => store.close() }
  },
}

/** Resolves when the directory has a snapshot. */
function untilCompacted(): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(basePath, () => {
      if (!isCompacted(readdirSync(basePath))) return
      watcher.close()
      resolve()
    })
    watcher.on('error', reject)
  })
}

function isCompacted(names: readonly string[]): boolean {
  return names.some((name) => /^snapshot-\d+\.jsonl$/.test(name))
}

function openSmall(compaction?: { minBytes: number; deadShare: number }) {
  const store = createStore({ type: 'file', basePath, ...(compaction && { compaction }) })
  return { store, collection: store.collection(small) }
}

const before = process.cpuUsage()
const done = await steps[step ?? '']?.()
const { user, system } = process.cpuUsage(before)
if (done === undefined) throw new Error(`there is no step '${step}'`)
globalThis.gc?.()
const { rss, heapUsed } = process.memoryUsage()
await done.close()
const names = readdirSync(basePath)
const report: StepReport = {
  elapsed: done.elapsed,
  work: (user + system) / 1_000,
  disk: names.reduce((sum, name) => sum + statSync(join(basePath, name)).size, 0),
  rss,
  heap: heapUsed,
  peak: process.resourceUsage().maxRSS * 1_024,
  isCompacted: isCompacted(names),
}
console.log(JSON.stringify(report))
