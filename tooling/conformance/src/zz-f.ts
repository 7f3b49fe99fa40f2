import { allCases, allFaults, runFaults } from '@coffer/conformance'
import { lastingMemory } from './lasting-memory.ts'

const cases = allCases.filter((c) => /^C\d/.test(c.clause))
const r = await runFaults(
  lastingMemory,
  allFaults.filter((f) => f.id.startsWith('cache-')),
  { cases },
)
console.log(r.planted, r.caught, r.survivors, r.by.map((b) => `${b.fault}:${b.caughtBy}`).join('\n'))
