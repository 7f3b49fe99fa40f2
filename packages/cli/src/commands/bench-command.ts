/** `coffer bench`: how fast a store is where it is, beside what it holds. */

import { randomUUID } from 'node:crypto'
import { createStore } from '@coffer/core'
import { type Command, InvalidArgumentError } from 'commander'
import { fill, type Measured, measure, works } from '../bench/contest.ts'
import { scratchPlace } from '../bench/scratch-place.ts'
import { EXIT } from '../failure.ts'
import { grouped } from '../output/numbers.ts'
import { progressOn } from '../output/progress.ts'
import { layOut } from '../output/table.ts'
import { nameOf } from '../store-location.ts'
import { type Context, withPlaceOptions } from './command.ts'
import { stoppable } from './unfinished.ts'

interface BenchFlags {
  readonly seconds: number
  readonly callers: number
  readonly json?: true
}

const HELP = `
Works in a place of its own on the same disk or server: a file or directory beside
the store's, or a schema of its own, with the store's settings. It is removed
afterwards, and the store itself is not touched; but the disk and the server are
busy meanwhile. Each kind of work is done by one caller, and by many at once, who
share commits and round trips.

Examples:
  coffer bench --store sqlite:./agents.db
  coffer bench --seconds 5 --callers 256
  coffer bench --json > bench.json`

/** Adds the command. */
export function addBenchCommand(program: Command, context: Context): void {
  const command = program
    .command('bench')
    .description('measure how fast a store is on this disk or server')
    .option('--seconds <number>', 'how long each kind of work goes on', numberFrom(0.05, 3_600), 2)
    .option('--callers <number>', 'how many callers at once', numberFrom(2, 10_000), 64)
    .option('--json', 'print the numbers as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: BenchFlags) => {
    context.exitCode = await stoppable('nothing of it is left', (signal) => bench(context, flags, signal))
  })
}

function numberFrom(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (value.trim() !== '' && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It takes a number from ${least} to ${most}.`)
  }
}

async function bench(
  { project, terminal }: Context,
  flags: BenchFlags,
  signal: AbortSignal,
): Promise<number> {
  const config = project.storeConfig()
  const { out, err } = terminal
  const place = scratchPlace(config, `coffer-bench-${randomUUID().slice(0, 8)}`)
  const kinds = works(Math.round(flags.callers))
  const bar = progressOn(err, kinds.length)
  const store = createStore(place.config)
  const results: Measured[] = []
  try {
    await fill(store)
    for (const work of kinds) {
      signal.throwIfAborted()
      bar.update(results.length, `${work.name} × ${work.callers}`)
      results.push(await measure(store, work, flags.seconds * 1_000))
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
  } finally {
    bar.hide()
    await store.close()
    await place.remove()
  }
  if (flags.json === true) await out.line(JSON.stringify({ store: nameOf(config), results }, null, 2))
  else for (const line of tableOf(results, out.width)) await out.line(line)
  return signal.aborted ? EXIT.interrupted : EXIT.ok
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
