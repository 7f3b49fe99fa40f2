/**
 * `pnpm bench [NAME…]`: Coffer and its rivals side by side in one run. Times depend on the machine and on
 * what else it does; the ratios are what can be compared.
 */

import { writeFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command } from 'commander'
import { type Contest, measure, type Standing } from './contest.ts'
import { memoryContests } from './memory-contests.ts'
import { sqliteContests } from './sqlite-contests.ts'

const contests: readonly Contest[] = [...sqliteContests, ...memoryContests]

interface Options {
  readonly json?: string
  readonly list?: true
  readonly rounds: string
  readonly ms: string
}

const program = new Command('bench')
  .description('Measures Coffer against its rivals, both sides in turns in one run.')
  .argument(
    '[names...]',
    'contests to run, or beginnings of their names: sqlite, sqlite.put, memory.get.1:map',
  )
  .option('--json <file>', 'write [{ name, coffer, rival, ratio, unit }] to a file')
  .option('--list', 'print the names and stop')
  .option('--rounds <n>', 'rounds of each contest; the median counts', '7')
  .option('--ms <n>', 'milliseconds that each side runs in a round', '500')
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
  const effort = {
    rounds: atLeastOne(options.rounds, '--rounds'),
    milliseconds: atLeastOne(options.ms, '--ms'),
  }
  console.log(line('', 'Coffer', 'rival', 'ratio', ''))
  const standings: Standing[] = []
  for (const contest of chosen) {
    const standing = await measure(contest, effort)
    standings.push(standing)
    const { name, coffer, rival, ratio, unit } = standing
    console.log(paint(ratio, line(name, amount(coffer), amount(rival), `${ratio.toFixed(2)}×`, unit)))
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(standings, undefined, 2)}\n`)
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

/** On a terminal, green where Coffer is faster. */
function paint(ratio: number, text: string): string {
  return process.stdout.isTTY && ratio >= 1 ? styleText('green', text) : text
}

await program.parseAsync()
