/**
 * One step of the trial of verifying, as a process: `write` or `verify`, a database file, and a number of entries.
 * Prints what it took as a line of JSON.
 */

import { createAgentStore } from '@coffer/agents'
import type { VerifyStepReport } from './audit-verify-trial.ts'

/** Callers that append one entry each. */
const CALLERS = 256

const [step, path = '', countText] = process.argv.slice(2)
const count = Number(countText)
const store = createAgentStore({ type: 'sqlite', path, durability: 'process' })

/** Entries from one look at the memory to the next. */
const STRIDE = Math.ceil(count / 20)

/**
 * The most that was held at a time: what is left in JavaScript's heap, and beside it, when garbage is collected.
 * The system's own figure would count how much garbage V8 leaves lying, and what SQLite maps of the file.
 */
let peak = 0
let looked = 0

function look(entries = 0): void {
  if (entries - looked < STRIDE && entries > 0) return
  looked = entries
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  peak = Math.max(peak, heapUsed + external)
}

const steps: Readonly<Record<string, () => Promise<void>>> = {
  write: async () => {
    let next = 0
    const caller = async () => {
      while (next < count) {
        const turn = next++
        await store.audit.append('agent', 'update_state', { count: turn }, { count: turn + 1 })
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
  },
  verify: async () => {
    const { ok, entries, problem } = await store.audit.verifyLog({ onProgress: look })
    if (!ok || entries !== count) throw new Error(`${entries} entries: ${problem?.problem}`)
  },
}

await store.open()
look()
const startedAt = performance.now()
await steps[step ?? '']?.()
const report: VerifyStepReport = {
  elapsed: performance.now() - startedAt,
  peak,
}
await store.close()
console.log(JSON.stringify(report))
