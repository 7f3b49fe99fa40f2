/** `coffer health`: whether a store answers, how quickly, and what deserves attention; once, or while one watches. */

import { setTimeout as pause } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { createLogUpdate } from 'log-update'
import { CommandError, EXIT } from '../failure.ts'
import { dashboard, lineOf } from '../health/dashboard.ts'
import { isEmpty, type Sample, Samples, stateOf, takeSample } from '../health/sample.ts'
import { nameOf } from '../store-location.ts'
import { type Context, configFor, refuseEmpty, withPlaceOptions } from './command.ts'
import { interruptible } from './interruption.ts'

interface HealthFlags {
  readonly watch?: number | true
  readonly write?: true
  readonly json?: true
}

const DEFAULT_WATCH_SECONDS = 2

const HELP = `
Opens the store, asks it a small question, and tells how long that took, how
much it holds and what its checks find. With --write a small record is written
too, in the internal collection coffer_health. Exits with 1 when the store does
not answer (not ok), or a check is bad (bad). coffer doctor tells all checks
with advice.

--watch looks again every so many seconds (default: ${DEFAULT_WATCH_SECONDS}) until Ctrl-C; on a
terminal as a dashboard, else a line a look. Times are the median of the last 60
looks, beside the least and the most; numbers behind + are growth a second. The
exit code is that of the last look.

Examples:
  coffer health --store agents.db
  coffer health --json || page somebody
  coffer health --watch 5 --write`

/** Adds the command. */
export function addHealthCommand(program: Command, context: Context): void {
  const command = program
    .command('health')
    .description('tell whether the store answers, how quickly, and what it holds')
    .option('--watch [seconds]', 'look again and again, until Ctrl-C', secondsOf)
    .option('--write', 'write a small record too')
    .option('--json', 'print JSON, a line a look while watching')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: HealthFlags) => {
    context.exitCode =
      flags.watch === undefined
        ? await lookOnce(context, flags)
        : await interruptible((signal) => watch(context, flags, signal))
  })
}

function secondsOf(value: string): number {
  const seconds = Number(value)
  if (value.trim() !== '' && seconds >= 0.1 && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('It takes a number of seconds from 0.1 to 86400.')
}

async function lookOnce(context: Context, flags: HealthFlags): Promise<number> {
  const { out } = context.terminal
  const sample = await look(context, flags)
  if (flags.json === true) await out.line(JSON.stringify(reportOf(sample), null, 2))
  else {
    const samples = new Samples()
    samples.add(sample)
    for (const line of dashboard(out, storeName(context), samples)) await out.line(line)
  }
  return isGood(sample) ? EXIT.ok : EXIT.bad
}

/** Goes on until it is interrupted; that the store does not answer is shown, and is no end. */
async function watch(context: Context, flags: HealthFlags, signal: AbortSignal): Promise<number> {
  const samples = new Samples()
  const show = shownOn(context, flags, samples)
  const pauseMs = 1_000 * (typeof flags.watch === 'number' ? flags.watch : DEFAULT_WATCH_SECONDS)
  const interrupted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  while (!signal.aborted) {
    // A server that does not answer is waited for, but not by somebody who wants to leave.
    const sample = await Promise.race([lookAgain(context, flags, samples.latest), interrupted])
    if (sample === undefined) break
    samples.add(sample)
    await show(sample)
    await pause(pauseMs, undefined, { signal }).catch(() => undefined)
  }
  const { latest } = samples
  if (latest === undefined) return EXIT.interrupted
  return isGood(latest) ? EXIT.ok : EXIT.bad
}

/** Where looks are shown: drawn anew on a terminal, else a line each. */
function shownOn(
  context: Context,
  { json }: HealthFlags,
  samples: Samples,
): (sample: Sample) => Promise<void> {
  const { out } = context.terminal
  if (json === true) return (sample) => out.line(JSON.stringify(reportOf(sample)))
  if (out.height === 0) return (sample) => out.line(lineOf(sample))
  // A hidden cursor would need handlers of signals, which end the process before the last look is told.
  const screen = createLogUpdate(out.stream, { showCursor: true })
  // The line that the cursor is on stays empty.
  return async () => screen(dashboard(out, storeName(context), samples, out.height - 1).join('\n'))
}

/** The first look tells that there is no store; one that goes missing later may come back. */
async function lookAgain(context: Context, flags: HealthFlags, before: Sample | undefined): Promise<Sample> {
  try {
    return await look(context, flags)
  } catch (error) {
    if (before === undefined || !(error instanceof CommandError)) throw error
    const failure = { code: 'NOT_FOUND' as const, message: error.message }
    const health = { ok: false, backend: before.health.backend, readMs: null, writeMs: null, failure }
    return { at: Date.now(), health, openMs: 0, inspection: undefined }
  }
}

/** Each look opens the store anew: so it sees what another process has written, and outlives an outage. */
async function look({ project }: Context, { write }: HealthFlags): Promise<Sample> {
  const config = configFor(project.storeConfig(), write === true ? 'change' : 'read')
  const store = project.catalog.createStore(config)
  try {
    // What can't be looked at is told of by the sample.
    const isThere = await store
      .place()
      .isThere()
      .catch(() => true)
    if (!isThere) refuseEmpty([])
    const sample = await takeSample(store, write === true)
    if (isEmpty(sample.inspection)) refuseEmpty([])
    return sample
  } finally {
    // What can't be closed has told so by not answering, or tells it at the next look.
    await store.close().catch(() => undefined)
  }
}

function isGood(sample: Sample): boolean {
  return stateOf(sample) === 'ok'
}

function reportOf(sample: Sample): object {
  const { health, openMs, inspection, at } = sample
  const { ok, backend, readMs, writeMs, failure } = health
  return {
    ok: isGood(sample),
    answers: ok,
    at: new Date(at).toISOString(),
    backend,
    engine: inspection?.engine ?? null,
    open_ms: rounded(openMs),
    read_ms: rounded(readMs),
    write_ms: rounded(writeMs),
    failure: failure ?? null,
    bytes: inspection?.bytes ?? null,
    sizes: (inspection?.sizes ?? []).map(({ isEstimate, ...size }) => ({ ...size, is_estimate: isEstimate })),
    facts: inspection?.facts ?? {},
    checks: inspection?.checks ?? [],
  }
}

/** To the microsecond. */
function rounded(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds * 1_000) / 1_000
}

function storeName({ project }: Context): string {
  return nameOf(project.storeConfig())
}
