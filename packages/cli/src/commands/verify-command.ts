/** `coffer verify`: checks that what a store keeps is what was stored in it. */

import type { BaseStore, Place } from '@coffer/core'
import { type Command, Option } from 'commander'
import { agentCatalog, type Listed } from '../catalog.ts'
import { CommandError, EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { oneLine } from '../output/table.ts'
import { tenantsIn } from '../verify/tenants-in.ts'
import { type Finding, verifyListed } from '../verify/verify-listed.ts'
import { type Context, heldIn, readingStore, type StoreChoice, withStoreOptions } from './command.ts'
import { sizeChecked, summaryOf, tellFinding } from './verify-report.ts'
import { verifyTraces } from './verify-traces.ts'

interface VerifyFlags extends StoreChoice {
  readonly only?: readonly string[]
  readonly deep?: true
  readonly allTenants?: true
  readonly json?: true
}

const HELP = `
Checked are all streams of every log, also of those whose head or whose entries
are gone, and the records of collections that keep hashes, your own and these:
  ${agentCatalog.provable.map(({ definition }) => definition.name).join('\n  ')}
Records of other collections have no hash. A record or a stream that is gone
with all that told of it leaves nothing to find, and who writes a whole log anew
can make its hashes too: keep heads elsewhere. One tenant is checked, see
--tenant, or every one with --all-tenants. With traces, only these are checked.

--deep also reads all other collections, looks whether what records refer to is
there, and lets the engine check the structure of what it keeps.

--json prints { ok, checked, absent, problems }, with --deep also structure, the
words of the engine; with --all-tenants a tenant stands in all but absent:
  checked   for each log { name, kind: "log", ok, streams, entries, bad },
            for each collection { name, kind: "collection", ok, records, bad }
  absent    the names of those that have no table here
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
    .option('--deep', "also references, all other collections, and the engine's structure")
    .addOption(new Option('--all-tenants', 'every tenant that the store has').conflicts('tenant'))
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withStoreOptions(command).action(async (traces: string[], flags: VerifyFlags) => {
    const { only, deep, allTenants } = flags
    if (traces.length > 0 && only !== undefined) {
      throw new CommandError('verify takes traces, or --only with logs and collections, not both')
    }
    if (traces.length > 0 && (deep === true || allTenants === true)) {
      throw new CommandError('--deep and --all-tenants are for whole stores: name no traces')
    }
    const { catalog } = context.project
    const all = deep === true ? catalog.listed : catalog.provable
    const find = (name: string) => (deep === true ? catalog.find(name) : catalog.findProvable(name))
    const chosen = only === undefined ? all : [...new Set(only.map(find))]
    context.exitCode = await readingStore(context, flags, (store, place) =>
      traces.length > 0
        ? verifyTraces(context, store, traces, flags)
        : verifyStore(context, { store, place }, chosen, flags),
    )
  })
}

async function verifyStore(
  context: Context,
  { store, place }: { readonly store: BaseStore; readonly place: Place },
  chosen: readonly Listed[],
  flags: VerifyFlags,
): Promise<number> {
  const { out, err } = context.terminal
  const held = await heldIn(store, place, chosen)
  const absent = chosen.filter((each) => !held.includes(each)).map(({ definition }) => definition.name)
  const structure = flags.deep === true ? ((await place.check()) ?? []) : []
  const tenants = flags.allTenants === true ? await tenantsIn(place) : [undefined]
  const findings: Finding[] = []
  for (const tenant of tenants) {
    const handle = tenant === undefined ? store : store.tenant(tenant)
    const bar = progressOn(err, err.isTerminal ? await sizeOf(handle, held) : undefined)
    let done = 0
    for (const listed of held) {
      const found = await watched(handle, listed, { flags, done, bar })
      done += sizeChecked(found)
      const finding = tenant === undefined ? found : ofTenant(found, tenant)
      findings.push(finding)
      if (flags.json !== true) await tellFinding(out, finding)
    }
  }
  const ok = structure.length === 0 && findings.every(({ checked }) => checked.ok)
  if (flags.json === true) {
    const checked = findings.map((finding) => finding.checked)
    const problems = findings.flatMap((finding) => finding.problems)
    const deep = flags.deep === true && { structure }
    await out.line(JSON.stringify({ ok, ...deep, checked, absent, problems }, null, 2))
    return ok ? EXIT.ok : EXIT.bad
  }
  for (const problem of structure)
    await out.line(`${out.styled('red', 'bad')}  structure: ${oneLine(problem)}`)
  await out.line(summaryOf(findings, absent, out))
  return ok ? EXIT.ok : EXIT.bad
}

/** Checks one, while a bar is shown that is gone afterwards. */
async function watched(
  store: BaseStore,
  listed: Listed,
  { flags, done, bar }: { readonly flags: VerifyFlags; readonly done: number; readonly bar: Progress },
): Promise<Finding> {
  const show = (seen: number) => bar.update(done + seen, counted(done + seen, 'record'))
  try {
    show(0)
    return await verifyListed(store, listed, flags.deep === true, show)
  } finally {
    bar.hide()
  }
}

async function sizeOf(store: BaseStore, chosen: readonly Listed[]): Promise<number> {
  let size = 0
  for (const { definition } of chosen) size += await store.collection(definition).count()
  return size
}

function ofTenant({ checked, problems }: Finding, tenant: string): Finding {
  return {
    checked: { tenant, ...checked },
    problems: problems.map((problem) => ({ tenant, ...problem })),
  }
}
