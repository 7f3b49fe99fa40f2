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
  runConformance,
  runDifferential,
  runFaults,
} from '@coffer/conformance'
import { lastingMemory } from './lasting-memory.ts'
import type { Progress } from './progress.ts'

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
  readonly faults: boolean
  readonly differential: boolean
}

const PROGRAMS = 300
const DOCUMENTS = 20_000

export async function runAll(
  harnesses: readonly Harness[],
  options: RunAllOptions,
  progress: Progress,
): Promise<RunResult> {
  const { seed } = options
  const backends = []
  for (const harness of harnesses) {
    progress.begin(harness.name, allCases.length)
    const startedAt = performance.now()
    const report = await runConformance(harness, { seed, onResult: progress.step })
    backends.push({ ...report, durationMs: performance.now() - startedAt })
  }
  return {
    seed,
    backends,
    faults: options.faults ? await plant(seed, progress) : undefined,
    differential: options.differential ? await differ(harnesses, seed, progress) : undefined,
    documents: options.differential ? await goRound(harnesses, seed, progress) : undefined,
  }
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
