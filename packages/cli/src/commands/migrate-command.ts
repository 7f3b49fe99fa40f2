/** `coffer migrate`: brings the tables of a store to what this program and the config file define. */

import type { MigrationPlan, MigrationReport, Place, RewriteProgress } from '@coffer/core'
import type { Command } from 'commander'
import { EXIT } from '../failure.ts'
import { confirm } from '../output/confirmation.ts'
import { counted, grouped, seconds } from '../output/numbers.ts'
import { progressOn } from '../output/progress.ts'
import { some } from '../output/some.ts'
import type { Terminal } from '../output/terminal.ts'
import { forMigrating } from '../store-location.ts'
import { type Context, configFor, refuseEmpty, withPlaceOptions } from './command.ts'
import { planLines, statementLines } from './migration-text.ts'
import { stoppable } from './unfinished.ts'

interface MigrateFlags {
  readonly dryRun?: true
  readonly verify?: true
  readonly rewrite?: true
  readonly sql?: true
  readonly yes?: true
  readonly json?: true
}

const HELP = `
Tables, fields and indexes are made and changed to what the agent stores and the
config file define, and records of an older version are written anew. The same
happens when a program opens the store, unless its config has
"migrate": "verify". On a terminal you are asked before, unless --yes is given.
It may be interrupted: what is done stays done, and the next run does the rest.
Collections that nobody defines are left as they are.

--rewrite goes over every record of every collection, and writes those anew that
have another form than today's.

Examples:
  coffer migrate --dry-run --store agents.db
  coffer migrate --verify || echo 'the deployment needs a migration'
  coffer migrate --sql --store postgresql://me@db/agents
  coffer migrate --yes`

/** Adds the command. */
export function addMigrateCommand(program: Command, context: Context): void {
  const command = program
    .command('migrate')
    .description('bring the tables to what is defined, and show what that takes')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--verify', 'the same, and exit with 1 when there is something to do')
    .option('--sql', 'as --dry-run, with the statements of the engine')
    .option('--rewrite', 'go over all records of all collections')
    .option('--yes', 'do not ask')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: MigrateFlags) => {
    context.exitCode = await stoppable('what is done stays done: run it again for the rest', (signal) =>
      migrate(context, flags, signal),
    )
  })
}

async function migrate(context: Context, flags: MigrateFlags, signal: AbortSignal): Promise<number> {
  const { project, terminal } = context
  const looksOnly = flags.dryRun === true || flags.verify === true || flags.sql === true
  const config = configFor(project.storeConfig(), looksOnly ? 'read' : 'change')
  const store = project.catalog.createStore(looksOnly ? config : forMigrating(config))
  try {
    const place = store.place()
    refuseEmpty(await place.layouts())
    const plan = await place.plan()
    if (flags.json !== true) await tellPlan(terminal, plan, flags)
    const isRefused = plan.steps.some(({ change }) => change === 'refused')
    const isDone = plan.steps.length === 0 && flags.rewrite !== true
    if (looksOnly || isDone || isRefused) {
      if (flags.json === true) await tellJson(terminal, plan, undefined, 0)
      return isRefused || (flags.verify === true && plan.steps.length > 0) ? EXIT.bad : EXIT.ok
    }
    if (flags.yes !== true && flags.json !== true) await confirm(terminal, 'Do this?')
    return await apply(terminal, place, flags, signal)
  } finally {
    await store.close()
  }
}

async function tellPlan({ out }: Terminal, plan: MigrationPlan, flags: MigrateFlags): Promise<void> {
  for (const line of flags.sql === true ? statementLines(plan) : planLines(plan, out)) await out.line(line)
  if (plan.steps.length === 0) await out.line(out.styled('green', 'the tables are as they should be'))
  if (plan.unknown.length > 0 && flags.sql !== true) {
    await out.line(out.styled('dim', `left as they are, for nobody defines them: ${some(plan.unknown)}`))
  }
}

async function apply(
  terminal: Terminal,
  place: Place,
  flags: MigrateFlags,
  signal: AbortSignal,
): Promise<number> {
  const { out, err } = terminal
  const started = performance.now()
  let bar = progressOn(err, undefined)
  let current: string | undefined
  const onProgress = ({ collection, done, total }: RewriteProgress) => {
    if (collection !== current) {
      bar.hide()
      bar = progressOn(err, total)
      current = collection
    }
    bar.update(done, counted(done, 'record'))
  }
  const report = await place
    .migrate({ rewrite: flags.rewrite === true, onProgress, signal })
    .finally(() => bar.hide())
  const milliseconds = performance.now() - started
  if (flags.json === true) await tellJson(terminal, report.plan, report, milliseconds)
  else {
    for (const { collection, seen, rewritten } of report.rewritten.filter((each) => each.seen > 0)) {
      await out.line(
        `${collection}: ${counted(seen, 'record')} looked at, ${grouped(rewritten)} written anew`,
      )
    }
    const steps = counted(report.plan.steps.length, 'step')
    await out.line(out.styled('green', `done: ${steps} in ${seconds(milliseconds)}`))
  }
  return EXIT.ok
}

async function tellJson(
  { out }: Terminal,
  plan: MigrationPlan,
  report: MigrationReport | undefined,
  milliseconds: number,
): Promise<void> {
  const { steps, unknown, statements } = plan
  const summary = {
    ok: report !== undefined || steps.length === 0,
    applied: report !== undefined,
    steps,
    unknown,
    statements,
    rewritten: report?.rewritten ?? [],
    seconds: Math.round(milliseconds) / 1_000,
  }
  await out.line(JSON.stringify(summary, null, 2))
}
