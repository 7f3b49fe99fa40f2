/** `coffer verify`: checks that what a store keeps is what was stored in it. */

import type { AgentStore } from '@coffer/agents'
import { type Command, Help } from 'commander'
import { findProvable, type Listed, provable } from '../catalog.ts'
import { CommandError, EXIT } from '../failure.ts'
import { counted, grouped } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { cut, oneLine } from '../output/table.ts'
import type { Output } from '../output/terminal.ts'
import { type Finding, type FoundProblem, verifyListed } from '../verify/verify-listed.ts'
import { type Context, type StoreChoice, usingStore, withStoreOptions } from './command.ts'
import { verifyTraces } from './verify-traces.ts'

interface VerifyFlags extends StoreChoice {
  readonly only?: readonly string[]
  readonly json?: true
}

/** Bad places of one log or collection that are told one by one; all of them are counted. */
const MAX_TOLD = 20

/** The columns that the name of a bad place may have. */
const PLACE_COLUMNS = 40

const HELP = `
Checked are all streams of every log, also of those whose head or whose entries
are gone, and the records of collections that keep hashes:
  ${provable.map(({ definition }) => definition.name).join('\n  ')}
Records of other collections have no hash. A record or a stream that is gone
with all that told of it leaves nothing to find, and who writes a whole log anew
can make its hashes too: keep heads elsewhere. One tenant is checked, see
--tenant. With traces, only these are checked.

--json prints { ok, checked, problems }:
  checked   for each log { name, kind: "log", ok, streams, entries, bad },
            for each collection { name, kind: "collection", ok, records, bad }
  problems  the first 100 of each: of a collection { name, key, problem }, of a
            log { name, stream, sequence, key, problem }, where a damaged head
            has no sequence, and a missing entry no key
and for named traces { ok, traces, bad, events, missing, problems }, where a
problem is { trace, sequence, key, problem }.

Exits with 1 when something is bad, or a trace that is named is not there.

Examples:
  coffer verify --store agents.db
  coffer verify --only audit_log_entries memory_entries
  coffer verify session-1 session-2`

/** Adds the command. */
export function addVerifyCommand(program: Command, context: Context): void {
  const command = program
    .command('verify [trace...]')
    .description('check the logs and the collections that keep hashes, or some traces')
    .option('--only <name...>', 'only these logs and collections')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withStoreOptions(command).action(async (traces: string[], flags: VerifyFlags) => {
    if (traces.length > 0 && flags.only !== undefined) {
      throw new CommandError('verify takes traces, or --only with logs and collections, not both')
    }
    const chosen = flags.only === undefined ? provable : [...new Set(flags.only.map(findProvable))]
    context.exitCode = await usingStore(context, flags, 'read', (store) =>
      traces.length > 0
        ? verifyTraces(context, store, traces, flags)
        : verifyStore(context, store, chosen, flags),
    )
  })
}

async function verifyStore(
  { terminal: { out, err } }: Context,
  store: AgentStore,
  chosen: readonly Listed[],
  flags: VerifyFlags,
): Promise<number> {
  const bar = progressOn(err, err.isTerminal ? await sizeOf(store, chosen) : undefined)
  const findings: Finding[] = []
  let done = 0
  for (const listed of chosen) {
    const finding = await watched(store, listed, done, bar)
    done += sizeChecked(finding)
    findings.push(finding)
    if (flags.json !== true) await tell(out, finding)
  }
  const ok = findings.every(({ checked }) => checked.ok)
  if (flags.json === true) {
    const checked = findings.map((finding) => finding.checked)
    const problems = findings.flatMap((finding) => finding.problems)
    await out.line(JSON.stringify({ ok, checked, problems }, null, 2))
  } else await out.line(summaryOf(findings, out))
  return ok ? EXIT.ok : EXIT.bad
}

/** Checks one, while a bar is shown that is gone afterwards. */
async function watched(store: AgentStore, listed: Listed, done: number, bar: Progress): Promise<Finding> {
  const show = (seen: number) => bar.update(done + seen, counted(done + seen, 'record'))
  try {
    show(0)
    return await verifyListed(store, listed, show)
  } finally {
    bar.hide()
  }
}

async function sizeOf(store: AgentStore, chosen: readonly Listed[]): Promise<number> {
  let size = 0
  for (const { definition } of chosen) size += await store.collection(definition).count()
  return size
}

function sizeChecked({ checked }: Finding): number {
  return checked.kind === 'log' ? checked.entries : checked.records
}

/** One line for what has something in it, and one for each of the first problems. */
async function tell(out: Output, finding: Finding): Promise<void> {
  const { checked, problems } = finding
  if (isEmpty(finding)) return
  const amount =
    checked.kind === 'log'
      ? `${counted(checked.entries, 'entry', 'entries')} in ${counted(checked.streams, 'stream')}`
      : counted(checked.records, 'record')
  await out.line(`${checked.name}: ${amount}, ${stateOf(checked.bad, 'in order', out)}`)
  for (const problem of problems.slice(0, MAX_TOLD)) await out.line(lineOf(problem, out))
  const untold = checked.bad - Math.min(problems.length, MAX_TOLD)
  if (untold > 0) await out.line(`… and ${grouped(untold)} more`)
}

function isEmpty(finding: Finding): boolean {
  const { checked } = finding
  return sizeChecked(finding) === 0 && checked.bad === 0 && (checked.kind !== 'log' || checked.streams === 0)
}

function lineOf({ name, stream, sequence, key, problem }: FoundProblem, out: Output): string {
  const place = cut(oneLine(stream ?? key ?? ''), PLACE_COLUMNS)
  const at = sequence === undefined ? '' : ` at ${sequence}`
  return new Help().boxWrap(`${out.styled('red', 'bad')}  ${name} ${place}${at}: ${problem}`, out.width)
}

function summaryOf(findings: readonly Finding[], out: Output): string {
  const found = findings.filter((finding) => !isEmpty(finding))
  if (found.length === 0) return 'there is nothing to check: the logs and collections are empty'
  const logs = found.filter(({ checked }) => checked.kind === 'log').length
  const kinds = [
    ...(logs > 0 ? [counted(logs, 'log')] : []),
    ...(found.length > logs ? [counted(found.length - logs, 'collection')] : []),
  ]
  const size = found.reduce((sum, finding) => sum + sizeChecked(finding), 0)
  const bad = found.reduce((sum, { checked }) => sum + checked.bad, 0)
  return `${kinds.join(' and ')}, ${counted(size, 'record')}: ${stateOf(bad, 'all in order', out)}`
}

function stateOf(bad: number, good: string, out: Output): string {
  return bad === 0 ? out.styled('green', good) : out.styled('red', `${grouped(bad)} bad`)
}
