/** `coffer bench`: how fast a store is where it is, beside what it holds. */

import { randomUUID } from 'node:crypto'
import { type BaseStore, createStore, type StoreConfig } from '@coffer/core'
import { type Command, InvalidArgumentError } from 'commander'
import { fill, type Measured, measure, works } from '../bench/contest.ts'
import { scratchPlace } from '../bench/scratch-place.ts'
import { CommandError, EXIT, sentenceOf } from '../failure.ts'
import { grouped } from '../output/numbers.ts'
import { progressOn } from '../output/progress.ts'
import { layOut } from '../output/table.ts'
import { nameOf } from '../store-location.ts'
import { type Context, withPlaceOptions } from './command.ts'
import { interruptible } from './interruption.ts'

interface BenchFlags {
  readonly seconds: number
  readonly callers: number
  readonly json?: true
}

const HELP = `
Works in a place of its own on the same disk or server: a file or directory
beside the store's, or a schema of its own, with the store's settings. It is
removed afterwards, and the store itself is not touched; but the disk and the
server are busy meanwhile. Each kind of work is done by one caller, and by many
at once, who share commits and round trips.

Examples:
  coffer bench --store sqlite:./agents.db
  coffer bench --seconds 5 --callers 256
  coffer bench --json > bench.json`

/** Adds the command. */
export function addBenchCommand(program: Command, context: Context): void {
  const command = program
    .command('bench')
    .description('measure how fast a store is on this disk or server')
    .option('--seconds <number>', 'how long each kind of work goes on', secondsOf, 2)
    .option('--callers <number>', 'how many callers at once', callersOf, 64)
    .option('--json', 'print the numbers as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: BenchFlags) => {
    const isInterrupted = await interruptible((signal) => bench(context, flags, signal))
    if (!isInterrupted) return
    context.exitCode = EXIT.interrupted
    await context.terminal.err.line('coffer: interrupted; nothing of it is left behind')
  })
}

function secondsOf(value: string): number {
  const number = Number(value)
  if (value.trim() !== '' && number >= 0.05 && number <= 3_600) return number
  throw new InvalidArgumentError('It takes a number from 0.05 to 3600.')
}

function callersOf(value: string): number {
  const number = Number(value)
  if (value.trim() !== '' && Number.isInteger(number) && number >= 2 && number <= 10_000) return number
  throw new InvalidArgumentError('It takes a whole number from 2 to 10000.')
}

/** @returns whether it was interrupted */
async function bench(
  { project, terminal }: Context,
  flags: BenchFlags,
  signal: AbortSignal,
): Promise<boolean> {
  const config = project.storeConfig()
  const results: Measured[] = []
  const run = inScratchPlace(config, terminal.environment, async (store) => {
    await fill(store)
    const kinds = works(flags.callers)
    const bar = progressOn(terminal.err, kinds.length)
    try {
      for (const work of kinds) {
        bar.update(results.length, `${work.name} × ${work.callers}`)
        results.push(await measure(store, work, flags.seconds * 1_000, signal))
      }
    } finally {
      bar.hide()
    }
  })
  await run.catch((error: unknown) => {
    if (!signal.aborted || error !== signal.reason) throw error
  })
  const { out } = terminal
  if (flags.json === true) await out.line(JSON.stringify({ store: nameOf(config), results }, null, 2))
  else for (const line of tableOf(results, out.width)) await out.line(line)
  return signal.aborted
}

/** Runs with a store in a place of its own, which is removed whatever happens. */
async function inScratchPlace(
  config: StoreConfig,
  environment: NodeJS.ProcessEnv,
  run: (store: BaseStore) => Promise<void>,
): Promise<void> {
  const place = scratchPlace(config, `coffer-bench-${randomUUID().slice(0, 8)}`)
  const store = createStore(place.config)
  let isMade = false
  const work = async () => {
    await store.open()
    isMade = true
    await run(store)
  }
  const failure = await work()
    .finally(() => store.close())
    .then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
  try {
    await place.remove()
  } catch (error) {
    // Of a place that could not be made nothing is left; why it could not is what counts.
    if (failure !== undefined && !isMade) throw failure.error
    const reason = sentenceOf((failure ?? { error }).error, environment)
    throw new CommandError(`${place.name} is left behind, remove it: ${reason}`, EXIT.bad)
  }
  if (failure !== undefined) throw failure.error
}

function tableOf(results: readonly Measured[], width: number): readonly string[] {
  const titles = ['callers', 'per second', 'median', '1 in 100 over']
  const columns = [{ title: 'work' }, ...titles.map((title) => ({ title, align: 'right' as const }))]
  const rows = results.map(({ name, callers, perSecond, medianMs, p99Ms }) => [
    name,
    String(callers),
    grouped(Math.round(perSecond)),
    milliseconds(medianMs),
    milliseconds(p99Ms),
  ])
  return layOut(columns, rows, width)
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}
