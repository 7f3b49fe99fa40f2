/** `coffer doctor`: what is not as it should be with a store, and what to do about it. */

import type { Check, CheckState } from '@coffer/core'
import type { Command } from 'commander'
import { diagnose } from '../doctor/diagnose.ts'
import { EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import type { Output, Style } from '../output/terminal.ts'
import { wrapped } from '../output/wrapped.ts'
import { nameOf } from '../store-location.ts'
import { type Context, refuseEmpty, usingStore, withPlaceOptions } from './command.ts'

interface DoctorFlags {
  readonly deep?: true
  readonly json?: true
}

const HELP = `
Looks at durability, permissions, versions, clocks, room on the disk, indexes,
dead rows, tables that differ from what is defined, and whatever else the engine
tells of itself. It changes nothing and reads no records, unless --deep lets the
engine check all that it keeps (PostgreSQL has no such check: see pg_amcheck).
Exits with 1 when something is bad.

Examples:
  coffer doctor --store agents.db
  coffer doctor --deep --json`

/** Adds the command. */
export function addDoctorCommand(program: Command, context: Context): void {
  const command = program
    .command('doctor')
    .description('tell what is not as it should be, and what to do about it')
    .option('--deep', 'let the engine check the structure of all that it keeps; reads everything')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: DoctorFlags) => {
    const checks = await usingStore(context, {}, 'read', async (store) => {
      const found = await diagnose(store, { deep: flags.deep === true })
      if (store.capabilities?.contents === true) refuseEmpty(await store.place().layouts())
      return found
    })
    const ok = checks.every(({ state }) => state !== 'bad')
    const { out } = context.terminal
    if (flags.json === true) await out.line(JSON.stringify({ ok, checks }, null, 2))
    else await tell(out, nameOf(context.project.storeConfig()), checks)
    context.exitCode = ok ? EXIT.ok : EXIT.bad
  })
}

const STYLES: Readonly<Record<CheckState, Style>> = { good: 'green', warning: 'yellow', bad: 'red' }
/** The widest of the states, and two spaces. */
const MARGIN = 9

async function tell(out: Output, store: string, checks: readonly Check[]): Promise<void> {
  for (const [position, check] of checks.entries()) {
    await tellOne(out, check)
    const { state, advice } = check
    // What helps against several at once is said behind the last of them.
    if (state !== 'good' && advice !== undefined && checks[position + 1]?.advice !== advice) {
      await out.line(beside('', `→ ${advice}`, out))
    }
  }
  if (checks.length > 0) await out.line()
  await out.line(wrapped(`${summaryOf(checks)}, of ${store}`, out.width).join('\n'))
}

async function tellOne(out: Output, { state, topic, says }: Check): Promise<void> {
  await out.line(beside(out.styled(STYLES[state], state.padEnd(MARGIN)), `${topic}: ${says}`, out))
}

/** Text with a margin, wrapped; what stands in the margin is as wide, or nothing. */
function beside(margin: string, text: string, out: Output): string {
  const space = ' '.repeat(MARGIN)
  const lines = wrapped(text, out.width - MARGIN)
  return lines.map((line, position) => (position === 0 && margin !== '' ? margin : space) + line).join('\n')
}

function summaryOf(checks: readonly Check[]): string {
  if (checks.length === 0) return 'this backend tells nothing of itself'
  const of = (state: CheckState) => checks.filter((check) => check.state === state).length
  const [bad, warnings] = [of('bad'), of('warning')]
  if (bad + warnings === 0) return `all ${checks.length} checks are good`
  return [
    ...(bad > 0 ? [`${bad} bad`] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    `${of('good')} good`,
  ].join(', ')
}
