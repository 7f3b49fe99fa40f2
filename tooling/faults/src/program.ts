/** `pnpm faults [NAME…]`: the rigs, one after the other, with a line for each. */

import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { SingleBar } from 'cli-progress'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { reportLines } from './report.ts'
import type { Effort, Rig } from './rig.ts'
import { type RigReport, runRig } from './run-rig.ts'

/** Where lines go to; a terminal says so. */
export type FaultsStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

export interface FaultsStreams {
  readonly stdout: FaultsStream
  readonly stderr: FaultsStream
}

interface Options {
  readonly seed?: number
  readonly effort: Effort
  readonly list?: true
  readonly json?: string
}

/** All that is left to chance follows from so many bits. */
const SEEDS = 2 ** 32
const USAGE_ERROR = 2
const BAR_COLUMNS = 30

const EXAMPLES = `
Examples:
  pnpm faults                             every rig, at full length
  pnpm faults kill --effort short         the rigs whose names begin with kill, in seconds
  pnpm faults kill.file --seed 123        the same chances as in the run that printed this seed

A rig breaks a backend again and again and counts what was not as promised. Its control arm does the
same to something that is known to be broken, and must find it. The exit code is 1 when a promise was
broken, a control arm found nothing, or a rig failed.`

/** Runs what the arguments ask for. Answers the exit code: 0, 1 when a rig failed, 2 for what was not understood. */
export async function runFaults(
  argv: readonly string[],
  rigs: readonly Rig[],
  streams: FaultsStreams,
): Promise<number> {
  let code = 0
  const program = new Command('faults')
    .description('Breaks the backends in every way there is a rig for, and tells whether the promises held.')
    .argument('[names...]', 'rigs to run, or beginnings of their names: kill, crash-model.file')
    .option(
      '--seed <n>',
      `what all chance follows from, 0 to ${SEEDS - 1}; drawn and printed without`,
      parseSeed,
    )
    .addOption(
      new Option('--effort <effort>', 'how much a rig does').choices(['short', 'long']).default('long'),
    )
    .option('--json <file>', 'write { seed, effort, rigs } to a file')
    .option('--list', 'print the rigs and stop')
    .addHelpText('after', EXAMPLES)
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    .exitOverride()
    .action(async (names: readonly string[], options: Options) => {
      code = await run(chosenOf(rigs, names, program), options, streams)
    })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE_ERROR
  }
  return code
}

function chosenOf(rigs: readonly Rig[], names: readonly string[], program: Command): readonly Rig[] {
  const unknown = names.find((name) => !rigs.some((rig) => rig.name.startsWith(name)))
  if (unknown !== undefined) program.error(`no rig begins with '${unknown}'; --list prints their names`)
  return rigs.filter(({ name }) => names.length === 0 || names.some((each) => name.startsWith(each)))
}

async function run(rigs: readonly Rig[], options: Options, streams: FaultsStreams): Promise<number> {
  const { effort, seed = randomInt(SEEDS), json, list } = options
  const { stdout } = streams
  if (list === true) {
    const width = Math.max(...rigs.map(({ name }) => name.length))
    for (const { name, description } of rigs) stdout.write(`${name.padEnd(width)}  ${description}\n`)
    return 0
  }
  stdout.write(`seed ${seed}, effort ${effort}\n`)
  const reports: RigReport[] = []
  for (const rig of rigs) {
    const bar = barOn(streams.stderr, rig.name)
    const report = await runRig(rig, { effort, seed, onProgress: bar.update })
    bar.stop()
    const [first = '', ...rest] = reportLines(report, { seed, effort })
    stdout.write(`${[painted(report, first, stdout), ...rest].join('\n')}\n`)
    reports.push(report)
  }
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ seed, effort, rigs: reports }, undefined, 2)}\n`)
  }
  return reports.some(({ outcome }) => outcome === 'failed') ? 1 : 0
}

/** A bar on a terminal, nothing elsewhere. */
function barOn(stream: FaultsStream, name: string) {
  if (stream.isTTY !== true) return { update: () => undefined, stop: () => undefined }
  const bar = new SingleBar({
    format: `${name} {bar} {percentage}%`,
    barCompleteChar: '━',
    barIncompleteChar: '─',
    barsize: BAR_COLUMNS,
    hideCursor: true,
    clearOnComplete: true,
    stream,
  })
  bar.start(1, 0)
  return {
    update: (done: number, total: number) => {
      bar.setTotal(total)
      bar.update(Math.min(done, total))
    },
    stop: () => bar.stop(),
  }
}

const STYLES = { ok: 'green', failed: 'red', 'left out': 'yellow' } as const

function painted({ outcome }: RigReport, line: string, stream: FaultsStream): string {
  return stream.isTTY === true ? styleText(STYLES[outcome], line, { stream }) : line
}

function parseSeed(text: string): number {
  const seed = Number(text)
  if (/^\d+$/.test(text) && seed < SEEDS) return seed
  throw new InvalidArgumentError(`a seed is a whole number from 0 to ${SEEDS - 1}`)
}
