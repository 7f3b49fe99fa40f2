/**
 * `pnpm bench [NAME…]`: Coffer and its rivals side by side in one run. Times depend on the machine and on
 * what else it does; the ratios are what can be compared.
 */

import { writeFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command } from 'commander'
import { agentContests } from './agent-contests.ts'
import { type VerifyStanding, type VerifyTrial, verifyTrial } from './audit-verify-trial.ts'
import type { CleanupStanding, CleanupTrial } from './cleanup-trial.ts'
import { type Contest, type Effort, measure, type Standing } from './contest.ts'
import { type CopyStanding, type CopyTrial, copyTrial } from './copy-trial.ts'
import { fileContests } from './file-contests.ts'
import { type OpenStanding, type OpenTrial, openTrial } from './file-open-trial.ts'
import { memoryContests } from './memory-contests.ts'
import { metricsContests } from './metrics-contests.ts'
import { postgresCleanup, postgresContests } from './postgres-contests.ts'
import { stopPostgres } from './postgres-place.ts'
import { sqliteContests } from './sqlite-contests.ts'
import { FULL } from './workload.ts'

/** Records that are removed while others are read and written. */
const EXPIRED = 200_000

/** The slowest calls may become so many times slower by a cleanup. */
const CLEANUP_RATIO = 1.5

/** Records of a directory that is opened. */
const OPENED = 1_000_000

/** Entries of a log that is verified. */
const VERIFIED = 1_000_000

/** Records that are moved from one backend to another. */
const MOVED = 1_000_000

/** Reading, comparing and going on after a kill may cost so much of what putting the same records does. */
const COPY_RATIO = 0.7

/** A log ten times as long may need so much more memory, which differs a little from run to run. */
const VERIFY_RATIO = 1.2

type Trial = CleanupTrial | CopyTrial | OpenTrial | VerifyTrial
type AnyStanding = Standing | CleanupStanding | CopyStanding | OpenStanding | VerifyStanding

const contests: readonly (Contest | Trial)[] = [
  ...fileContests(FULL),
  openTrial('log', OPENED),
  openTrial('snapshot', OPENED),
  ...sqliteContests,
  ...postgresContests(FULL),
  postgresCleanup(EXPIRED),
  ...metricsContests(FULL),
  ...memoryContests,
  ...agentContests,
  verifyTrial(VERIFIED),
  copyTrial(MOVED),
]

interface Options {
  readonly json?: string
  readonly list?: true
  readonly rounds: string
  readonly ms: string
  readonly processor?: true
}

const program = new Command('bench')
  .description('Measures Coffer against its rivals, both sides in turns in one run.')
  .argument(
    '[names...]',
    'contests to run, or beginnings of their names: sqlite, postgres.put, memory.get.1:map',
  )
  .option(
    '--json <file>',
    'write [{ name, coffer, rival, ratio, unit }] to a file; cleaning up, copying, opening and verifying have members of their own',
  )
  .option('--list', 'print the names and stop')
  .option('--rounds <n>', 'rounds of each contest; the median counts', '7')
  .option('--ms <n>', 'milliseconds that each side runs in a round', '500')
  .option(
    '--processor',
    "count operations by this process's seconds of processors, for both sides of a contest",
  )
  .action(run)
  // What was not understood ends with 2, as in the coffer command.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))

async function run(names: readonly string[], options: Options): Promise<void> {
  const chosen = contests.filter(
    ({ name }) => names.length === 0 || names.some((each) => name.startsWith(each)),
  )
  if (chosen.length === 0) {
    program.error(`no contest begins with ${names.join(' or ')}; --list prints their names`)
  }
  if (options.list === true) {
    for (const { name } of chosen) console.log(name)
    return
  }
  const effort: Effort = {
    rounds: atLeastOne(options.rounds, '--rounds'),
    milliseconds: atLeastOne(options.ms, '--ms'),
    clock: options.processor === true ? 'processor' : 'elapsed',
  }
  console.log(line('', 'Coffer', 'rival', 'ratio', ''))
  const standings: AnyStanding[] = []
  try {
    for (const each of chosen) standings.push(await runOne(each, effort))
  } finally {
    await stopPostgres()
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(standings, undefined, 2)}\n`)
}

async function runOne(one: Contest | Trial, effort: Effort): Promise<AnyStanding> {
  if ('run' in one) {
    const standing = await one.run(effort)
    if ('verifyPeak' in standing) console.log(paint(standing.ratio <= VERIFY_RATIO, verifyLine(standing)))
    else if ('copy' in standing) console.log(paint(standing.ratio >= COPY_RATIO, copyLine(standing)))
    else if ('open' in standing) console.log(paint(standing.ratio <= 1, openLine(standing)))
    else console.log(paint(standing.ratio <= CLEANUP_RATIO, cleanupLine(standing)))
    return standing
  }
  const standing = await measure(one, effort)
  const { name, coffer, rival, ratio, unit } = standing
  console.log(paint(ratio >= 1, line(name, amount(coffer), amount(rival), times(ratio), unit)))
  return standing
}

/** A cleanup has no rival: the same calls without it stand in its place, and less is better. */
function cleanupLine({
  name,
  alone,
  during,
  ratio,
  unit,
  cleanup,
  removed,
  renewed,
}: CleanupStanding): string {
  const story =
    `${unit} p99 during a cleanup, and without: ${amount(removed)} records removed in ` +
    `${seconds(cleanup)}, ${amount(renewed)} stored meanwhile and all there`
  return line(name, during.toFixed(1), alone.toFixed(1), times(ratio), story)
}

/** Opening has no rival: the time that it may take stands in its place, and less is better. */
function openLine(standing: OpenStanding): string {
  const { name, open, limit, ratio, unit, work, records, write, disk, rss, heap, peak } = standing
  const story =
    `${unit} to open ${amount(records)} records, and what it may take: ${seconds(work)} of processors, ` +
    `${megabytes(disk)} on disk, written in ${seconds(write)}, ` +
    `${megabytes(rss)} in memory (objects ${megabytes(heap)}, at most ${megabytes(peak)})`
  return line(name, amount(open), amount(limit), times(ratio), story)
}

/** Verifying has no rival: a tenth of the log stands in its place, and it should need no less memory. */
function verifyLine(standing: VerifyStanding): string {
  const { name, verifyPeak, tenthPeak, ratio, unit, entries, elapsed, write } = standing
  const story =
    `${unit} at most to verify ${amount(entries)} entries, and a tenth of them: in ${seconds(elapsed)}, ` +
    `written in ${seconds(write)}`
  return line(name, amount(verifyPeak / 1_000_000), amount(tenthPeak / 1_000_000), times(ratio), story)
}

/** Copying has no rival: the same records put by a program stand in its place. */
function copyLine(standing: CopyStanding): string {
  const { name, copy, copyUnverified, putMany, putManyAtOnce, ratio, unit, records, peak, passedOver } =
    standing
  const rates = [putMany, putManyAtOnce].map(
    ({ callers, batch, rate }) => `${amount(rate)} by ${callers} in batches of ${amount(batch)}`,
  )
  const story =
    `${unit} copied, and put at best: ${amount(records)} records; ${amount(copyUnverified)} without verifying, ` +
    `put ${rates.join(', ')}; ${megabytes(peak)} in memory at most; killed half-way and run again it passed over ` +
    `${amount(passedOver)}`
  return line(name, amount(copy), amount(Math.max(putMany.rate, putManyAtOnce.rate)), times(ratio), story)
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}

function megabytes(bytes: number): string {
  return `${amount(bytes / 1_000_000)} MB`
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`
}

function atLeastOne(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) program.error(`${option} takes a whole number from 1`)
  return value
}

function line(name: string, coffer: string, rival: string, ratio: string, unit: string): string {
  return `${name.padEnd(32)} ${coffer.padStart(10)} ${rival.padStart(10)} ${ratio.padStart(9)}  ${unit}`.trimEnd()
}

function amount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** On a terminal, green where Coffer is as fast as it should be. */
function paint(isGood: boolean, text: string): string {
  return process.stdout.isTTY && isGood ? styleText('green', text) : text
}

await program.parseAsync()
