/** `coffer verify`: checks the hash chains of traces. */

import type { Command } from 'commander'
import { EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import { oneLine } from '../output/table.ts'
import { type Context, type StoreChoice, usingStore, withStoreOptions } from './command.ts'

interface VerifyFlags extends StoreChoice {
  readonly json?: true
}

/** Bad traces that the JSON report names; all of them are counted. */
const MAX_NAMED = 1_000

/** Adds the command. */
export function addVerifyCommand(program: Command, context: Context): void {
  const command = program
    .command('verify [trace...]')
    .description('check the hash chains of all traces, or of some')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExits with 1 when a trace is bad, or one that is named is not there.\n\nExample:\n  coffer verify --store agents.db',
    )
  withStoreOptions(command).action(async (traces: string[], flags: VerifyFlags) => {
    context.exitCode = await verifyTraces(context, traces, flags)
  })
}

async function verifyTraces(
  context: Context,
  chosen: readonly string[],
  flags: VerifyFlags,
): Promise<number> {
  const { out, err } = context.terminal
  const report = { ok: true, traces: 0, bad: 0, events: 0 }
  const missing: string[] = []
  const named: { trace: string; sequence: number; problem: string }[] = []
  await usingStore(context, flags, 'read', async ({ registry }) => {
    for await (const trace of chosen.length > 0 ? chosen : registry.iterateTraceIds()) {
      const { ok, entries, problem } = await registry.verifyTrace(trace)
      if (ok && entries === 0 && chosen.length > 0) {
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
  })
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
