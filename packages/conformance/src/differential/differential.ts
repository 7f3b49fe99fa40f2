/** Runs generated programs on several backends at once: all must answer as the model does, step by step. */

import assert from 'node:assert/strict'
import { createStore, exportLines } from '@coffer/core'
import fc from 'fast-check'
import type { Harness, Place } from '../harness.ts'
import { ManualClock } from '../manual-clock.ts'
import { openAll } from './definitions.ts'
import { execute, type Subject } from './execute.ts'
import { modelBackend } from './model-backend.ts'
import { type Program, programs } from './program.ts'

/** How programs are drawn. */
export interface DifferentialOptions {
  readonly seed: number
  /** How many programs. */
  readonly programs: number
  /** The most steps of a program. Default: 40. */
  readonly maxSteps?: number
  /** Called after each program. */
  readonly onProgram?: () => void
}

/** What was compared. */
export interface DifferentialReport {
  readonly backends: readonly string[]
  readonly programs: number
  readonly steps: number
  /** The smallest program found on which two backends differ, as text; `undefined` when there is none. */
  readonly difference: string | undefined
}

const MAX_STEPS = 40

/** The model as a harness, so that the suite and the round trip can be run against it as well. */
export const modelHarness: Harness = {
  name: 'model',
  capabilities: modelBackend().capabilities,
  create: async () => ({ backend: modelBackend, destroy: async () => undefined }),
}

/** Runs programs on every harness and on the model. A difference is made smaller and told, never thrown. */
export async function runDifferential(
  harnesses: readonly Harness[],
  options: DifferentialOptions,
): Promise<DifferentialReport> {
  const all = [modelHarness, ...harnesses]
  let steps = 0
  const property = fc.asyncProperty(programs(options.maxSteps ?? MAX_STEPS), async (program) => {
    await compare(all, program)
    steps += program.length
    options.onProgram?.()
  })
  const details = await fc.check(property, { seed: options.seed, numRuns: options.programs })
  return {
    backends: all.map((each) => each.name),
    programs: details.numRuns,
    steps,
    difference: details.failed
      ? `${messageOf(details.errorInstance)}\n${await fc.asyncDefaultReportMessage(details)}`
      : undefined,
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function compare(harnesses: readonly Harness[], program: Program): Promise<void> {
  const places: Place[] = []
  const subjects: Subject[] = []
  try {
    for (const harness of harnesses) {
      const place = await harness.create()
      places.push(place)
      const clock = new ManualClock()
      const store = createStore({ backend: place.backend(), clock })
      subjects.push({ name: harness.name, store, clock })
      await openAll(store)
    }
    for (const [position, command] of program.entries()) {
      await alike(subjects, (subject) => execute(subject, command), `step ${position + 1}`)
    }
    await alike(subjects, exported, 'the export')
  } finally {
    for (const { store } of subjects) await store.close()
    for (const place of places) await place.destroy()
  }
}

async function alike(
  subjects: readonly Subject[],
  ask: (subject: Subject) => Promise<unknown>,
  what: string,
): Promise<void> {
  const [model, ...others] = subjects
  if (model === undefined) return
  const expected = await ask(model)
  for (const subject of others) {
    assert.deepStrictEqual(await ask(subject), expected, `${subject.name} differs from the model at ${what}`)
  }
}

async function exported({ store }: Subject): Promise<string[]> {
  const lines: string[] = []
  for (const tenant of ['default', 'acme', 'Acme']) {
    for await (const line of exportLines(store.tenant(tenant))) lines.push(line)
  }
  return lines
}
