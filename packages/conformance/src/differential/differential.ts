/** Runs generated programs on several backends at once: all must answer as the model does, step by step. */

import assert from 'node:assert/strict'
import { createStore, exportLines } from '@coffer/core'
import fc from 'fast-check'
import type { Harness, Place } from '../harness.ts'
import { comparable, fillWith, heldBy } from '../held-contents.ts'
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
/** A place more takes a server as long as a program: only those after programs of such a length are moved. */
const MOVED_EVERY = 10
/** More rows than a program writes. */
const PAGE_ROWS = 500

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
  const subjects: Member[] = []
  try {
    for (const harness of harnesses) {
      const place = await harness.create()
      places.push(place)
      const clock = new ManualClock()
      const store = createStore({ backend: place.backend(), clock })
      subjects.push({ name: harness.name, store, clock, harness })
      await openAll(store)
    }
    for (const [position, command] of program.entries()) {
      await alike(subjects, (subject) => execute(subject, command), `step ${position + 1}`)
    }
    await alike(subjects, exported, 'the export')
    const operated = subjects.filter(({ store }) => store.capabilities?.contents)
    await alike(operated, contents, 'the contents')
    if (program.length % MOVED_EVERY === 0)
      await alike(operated, (subject) => moved(subject, places), 'the move')
  } finally {
    for (const { store } of subjects) await store.close()
    for (const place of places) await place.destroy()
  }
}

/** A subject with where it comes from. */
interface Member extends Subject {
  readonly harness: Harness
}

async function alike(
  subjects: readonly Member[],
  ask: (subject: Member) => Promise<unknown>,
  what: string,
): Promise<void> {
  const [model, ...others] = subjects
  if (model === undefined) return
  const expected = await ask(model)
  for (const subject of others) {
    assert.deepStrictEqual(await ask(subject), expected, `${subject.name} differs from the model at ${what}`)
  }
}

/** What the place holds. Only removals of records have to raise floors: nobody asks for those of a history. */
async function contents({ store }: Pick<Subject, 'store'>) {
  const { layouts, tables } = comparable(await heldBy(store, PAGE_ROWS))
  const isHistory = (name: string) => name.endsWith('__history')
  return { layouts, tables: tables.map((each) => (isHistory(each.name) ? { ...each, floors: [] } : each)) }
}

/** What a fresh place holds that was filled with the contents of another. */
async function moved({ store, clock, harness }: Member, places: Place[]) {
  const place = await harness.create()
  places.push(place)
  const target = createStore({ backend: place.backend(), clock })
  try {
    await fillWith(target, await heldBy(store, PAGE_ROWS))
    return await contents({ store: target })
  } finally {
    await target.close()
  }
}

async function exported({ store }: Subject): Promise<string[]> {
  const lines: string[] = []
  for (const tenant of ['default', 'acme', 'Acme']) {
    for await (const line of exportLines(store.tenant(tenant))) lines.push(line)
  }
  return lines
}
