/** `pnpm conformance`: the suite on every backend, the planted faults, the differential test, and one report. */

import { writeFile } from 'node:fs/promises'
import { DEFAULT_SEED } from '@coffer/conformance'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type HarnessName, harnessNames } from './harnesses.ts'
import { progressOf } from './progress.ts'
import { isSound, jsonReport, printReport } from './report.ts'
import { runAll } from './run-all.ts'

interface Options {
  readonly json?: string
  readonly seed: number
  readonly backend: readonly HarnessName[]
  readonly faults: boolean
  readonly differential: boolean
}

const command = new Command('conformance')
  .description('Runs the conformance suite and prints a table of clauses and backends.')
  .option('--json <file>', 'write the report to a file as JSON')
  .option('--seed <number>', 'draw random cases and programs by this number', parseSeed, DEFAULT_SEED)
  .addOption(
    new Option('--backend <names...>', 'only these backends').choices(harnessNames).default(harnessNames),
  )
  .option('--no-faults', 'leave the planted faults out')
  .option('--no-differential', 'leave the differential test out')
  // What was not understood ends with 2, as in the coffer command; 1 says that a clause was not held.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()

const options = command.opts<Options>()

const progress = progressOf(process.stderr)
const result = await runAll(options, progress)
progress.end()
printReport(result, (line) => process.stdout.write(`${line}\n`))
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify(jsonReport(result), null, 2)}\n`)
}
process.exitCode = isSound(result) ? 0 : 1

function parseSeed(text: string): number {
  const seed = Number(text)
  if (Number.isSafeInteger(seed)) return seed
  throw new InvalidArgumentError('a seed is an integer')
}
