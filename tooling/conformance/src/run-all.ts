/** Runs everything that there is to run, and gathers what it found. */

import {
  allCases,
  allFaults,
  type ConformanceReport,
  type DifferentialReport,
  type FaultReport,
  type Harness,
  modelHarness,
  type RoundTripReport,
  roundTrip,
  runDifferential,
  runFaults,
} from '@coffer/conformance'
import { startPostgres } from '@coffer-tooling/postgres'
import { type HarnessName, harnesses } from './harnesses.ts'
import { lastingMemory } from './lasting-memory.ts'
import type { Progress } from './progress.ts'
import { runSuite } from './run-suite.ts'

/** All that a run found. Parts that were left out are `undefined`. */
export interface RunResult {
  readonly seed: number
  readonly backends: readonly (ConformanceReport & { readonly durationMs: number })[]
  readonly faults: FaultReport | undefined
  readonly differential: DifferentialReport | undefined
  readonly documents: RoundTripReport | { readonly difference: string } | undefined
}

export interface RunAllOptions {
  readonly seed: number
  readonly backend: readonly HarnessName[]
  readonly faults: boolean
  readonly differential: boolean
}

const PROGRAMS = 300
const DOCUMENTS = 20_000

/** Runs all that the options ask for. PostgreSQL is started where it is needed, and ended whatever happens. */
export async function runAll(options: RunAllOptions, progress: Progress): Promise<RunResult> {
  const { seed } = options
  await using server = options.backend.includes('postgresql') ? await startPostgres() : undefined
  const address = server && {
    url: server.url,
    version: server.version,
    run: server.run,
    copiesFiles: server.copiesFiles,
  }
  const backends = []
  for (const name of options.backend) {
    progress.begin(name, allCases.length)
    const startedAt = performance.now()
    const report = await runSuite(name, { seed, server: address, onResult: progress.step })
    backends.push({ ...report, durationMs: performance.now() - startedAt })
  }
  const faults = options.faults ? await plant(seed, progress) : undefined
  if (!options.differential) return { seed, backends, faults, differential: undefined, documents: undefined }
  const known = harnesses(async () => {
    if (address === undefined) throw new Error('this run has no PostgreSQL')
    return address
  })
  const chosen = options.backend.map((name) => known[name])
  const differential = await differ(chosen, seed, progress)
  const documents = await goRound(chosen, seed, progress)
  for (const each of chosen) await each.end?.()
  return { seed, backends, faults, differential, documents }
}

function plant(seed: number, progress: Progress): Promise<FaultReport> {
  progress.begin('planted faults', allFaults.length)
  return runFaults(lastingMemory, allFaults, { seed, onFault: progress.step })
}

function differ(harnesses: readonly Harness[], seed: number, progress: Progress) {
  progress.begin('differential programs', PROGRAMS)
  return runDifferential(harnesses, { seed, programs: PROGRAMS, onProgram: progress.step })
}

async function goRound(harnesses: readonly Harness[], seed: number, progress: Progress) {
  progress.begin('documents', DOCUMENTS)
  try {
    return await roundTrip([modelHarness, ...harnesses], { seed, documents: DOCUMENTS })
  } catch (error) {
    return { difference: error instanceof Error ? error.message : String(error) }
  }
}
