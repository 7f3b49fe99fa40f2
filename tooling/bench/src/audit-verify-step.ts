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
    const { ok, entries, problem } = await store.audit.verifyLog()
    if (!ok || entries !== count) throw new Error(`${entries} entries: ${problem?.problem}`)
  },
}

await store.open()
const startedAt = performance.now()
await steps[step ?? '']?.()
const report: VerifyStepReport = {
  elapsed: performance.now() - startedAt,
  peak: process.resourceUsage().maxRSS * 1_024,
}
await store.close()
console.log(JSON.stringify(report))
