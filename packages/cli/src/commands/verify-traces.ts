/** `coffer verify` with traces: checks the hash chains of these. */

import { traceEvents } from '@coffer/agents'
import type { BaseStore } from '@coffer/core'
import { EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import { oneLine } from '../output/table.ts'
import type { Context } from './command.ts'

/** Bad traces that the JSON report names; all of them are counted. */
const MAX_NAMED = 1_000

/** Checks the traces one by one, and tells what it finds. @returns the exit code */
export async function verifyTraces(
  { terminal: { out, err } }: Context,
  store: BaseStore,
  chosen: readonly string[],
  flags: { readonly json?: true },
): Promise<number> {
  const report = { ok: true, traces: 0, bad: 0, events: 0 }
  const missing: string[] = []
  const named: { trace: string; sequence: number; problem: string }[] = []
  for (const trace of chosen) {
    const { ok, entries, problem } = await store.log(traceEvents).verify(trace)
    if (ok && entries === 0) {
      missing.push(trace)
      report.ok = false
      continue
    }
    report.traces++
    report.events += entries
    if (ok || problem === undefined) continue
    report.bad++
    report.ok = false
    if (named.length < MAX_NAMED) named.push({ trace, ...problem })
    if (flags.json !== true) {
      await out.line(
        `${out.styled('red', 'bad')}  ${oneLine(trace)} at ${problem.sequence}: ${problem.problem}`,
      )
    }
  }
  if (flags.json === true) await out.line(JSON.stringify({ ...report, missing, problems: named }, null, 2))
  else {
    for (const trace of missing) await err.line(`coffer: there is no trace '${oneLine(trace)}'`)
    if (report.traces === 0 && missing.length > 0) return EXIT.bad
    const found =
      report.bad === 0 ? out.styled('green', 'all in order') : out.styled('red', `${report.bad} bad`)
    await out.line(`${counted(report.traces, 'trace')}, ${counted(report.events, 'event')}: ${found}`)
  }
  return report.ok ? EXIT.ok : EXIT.bad
}
