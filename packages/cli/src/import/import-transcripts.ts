/** Imports chat transcripts: many runs per commit, each run whole or not at all. */

import { type AgentStore, resolutions, sessions, traceEvents } from '@coffer/agents'
import { type Collection, canonicalJson, isStoreError, type StoreError } from '@coffer/core'
import type { Line } from './lines.ts'
import { type RunRecords, runRecords } from './run-records.ts'
import { parseTranscript } from './transcript.ts'

/** How transcripts are imported. */
export interface ImportOptions {
  /** The agent of runs that name none. Default: `unknown`. */
  readonly agentId?: string | undefined
  /** The start of runs that name no time. Default: 1970-01-01T00:00:00Z. */
  readonly startedAt?: Date | undefined
  /** Whether to stop at the first bad line. Default: false. */
  readonly strict?: boolean | undefined
  /** Called for every bad line, in order. */
  readonly onProblem?: ((problem: LineProblem) => void | Promise<void>) | undefined
  /** Called after every commit and for every bad line with the counts so far, which go on growing. */
  readonly onProgress?: ((counts: ImportCounts) => void) | undefined
  /** Stops the import between two commits. */
  readonly signal?: AbortSignal | undefined
}

/** A line that could not be imported, and why. */
export interface LineProblem {
  readonly line: number
  readonly reason: string
  /** What to do where it is likely that the whole file is in another form. */
  readonly advice?: string | undefined
}

/** What became of records of one kind. */
export interface Changes {
  new: number
  changed: number
  unchanged: number
}

/** What an import did. */
export interface ImportCounts {
  /** Runs that are in the store now, new or not. */
  runs: number
  bad_lines: number
  /** Of the runs: their messages, and their tool calls. Each is one event. */
  messages: number
  tool_calls: number
  sessions: Changes
  resolutions: Changes
  events: Changes
}

/** Bounds of one commit: they keep memory constant and other writers waiting only shortly. */
const BATCH_RUNS = 64
const BATCH_CHARACTERS = 8 * 1_024 * 1_024

/** A run on its way. */
interface Parsed {
  readonly line: number
  readonly records: RunRecords
}

/** What a commit did with one run. */
type Outcome = { readonly counts: ImportCounts } | { readonly problem: LineProblem }

/**
 * Imports runs, one a line, as sessions, traces and resolutions. Importing a run again changes nothing, not
 * even a version. A line that can't be imported is told and counted, and nothing of it is stored; the others
 * go on, unless `strict` is set.
 *
 * @param lines from `readLines`
 * @throws what the store throws when it fails; what was committed before stays
 */
export async function importTranscripts(
  store: AgentStore,
  lines: AsyncIterable<Line>,
  options: ImportOptions = {},
): Promise<ImportCounts> {
  const batch = new Batch(store, options)
  for await (const line of lines) {
    if (options.signal?.aborted || batch.stopped) break
    await batch.add(line)
  }
  if (!batch.stopped) await batch.commit()
  return batch.counts
}

/** Counts of nothing, to add to. */
export function noCounts(): ImportCounts {
  const none = (): Changes => ({ new: 0, changed: 0, unchanged: 0 })
  return {
    runs: 0,
    bad_lines: 0,
    messages: 0,
    tool_calls: 0,
    sessions: none(),
    resolutions: none(),
    events: none(),
  }
}

/** Adds counts to others. */
export function addCounts(target: ImportCounts, more: ImportCounts): void {
  for (const name of ['runs', 'bad_lines', 'messages', 'tool_calls'] as const) target[name] += more[name]
  for (const name of ['sessions', 'resolutions', 'events'] as const) {
    for (const change of ['new', 'changed', 'unchanged'] as const) target[name][change] += more[name][change]
  }
}

class Batch {
  readonly counts = noCounts()
  /** True when a bad line has ended a strict import. */
  stopped = false
  readonly #store: AgentStore
  readonly #options: ImportOptions
  #runs: Parsed[] = []
  #characters = 0

  constructor(store: AgentStore, options: ImportOptions) {
    this.#store = store
    this.#options = options
  }

  async add(line: Line): Promise<void> {
    const parsed = 'problem' in line ? line : parseTranscript(line.text)
    if ('problem' in parsed) {
      // What came before is told and stored first, so that problems are told in order.
      await this.commit()
      const advice = 'advice' in parsed ? parsed.advice : undefined
      if (!this.stopped) await this.#tell({ line: line.number, reason: parsed.problem, advice })
      return
    }
    const { agentId = 'unknown', startedAt = new Date(0) } = this.#options
    this.#runs.push({ line: line.number, records: runRecords(parsed.run, { agentId, startedAt }) })
    this.#characters += 'text' in line ? line.text.length : 0
    if (this.#runs.length >= BATCH_RUNS || this.#characters >= BATCH_CHARACTERS) await this.commit()
  }

  async commit(): Promise<void> {
    const runs = this.#runs
    this.#runs = []
    this.#characters = 0
    if (runs.length === 0) return
    const { strict = false } = this.#options
    // The callback may run again, so it only answers what it did.
    const outcomes = await this.#store.transaction((transaction) => importRuns(transaction, runs, strict))
    for (const outcome of outcomes) {
      if ('counts' in outcome) addCounts(this.counts, outcome.counts)
      else await this.#tell(outcome.problem)
    }
    this.#options.onProgress?.(this.counts)
  }

  async #tell(problem: LineProblem): Promise<void> {
    this.counts.bad_lines++
    this.stopped ||= this.#options.strict === true
    this.#options.onProgress?.(this.counts)
    await this.#options.onProblem?.(problem)
  }
}

async function importRuns(
  transaction: AgentStore,
  runs: readonly Parsed[],
  strict: boolean,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const { line, records } of runs) {
    try {
      outcomes.push({ counts: await transaction.transaction((part) => importRun(part, records)) })
    } catch (error) {
      if (!isRefusal(error)) throw error
      outcomes.push({ problem: { line, reason: reasonOf(error) } })
      if (strict) break
    }
  }
  return outcomes
}

/** Codes that say that a run does not fit; all others say that the store failed. */
const REFUSALS: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'ALREADY_EXISTS', 'VERSION_CONFLICT'])

function isRefusal(error: unknown): error is StoreError {
  return isStoreError(error) && REFUSALS.has(error.code)
}

function reasonOf({ code, message }: StoreError): string {
  if (code === 'INVALID_ARGUMENT') return message
  return 'the store has other events under the same session_id'
}

async function importRun(store: AgentStore, records: RunRecords): Promise<ImportCounts> {
  const { session, events } = records
  const before = (await store.log(traceEvents).head(session.session_id))?.sequence ?? 0
  await store.registry.saveTraceEvents(events)
  const known = Math.min(before, events.length)
  return {
    runs: 1,
    bad_lines: 0,
    messages: records.messages,
    tool_calls: records.resolutions.length,
    sessions: await putChanged(store.collection(sessions), [session], (each) => each.session_id),
    resolutions: await putChanged(
      store.collection(resolutions),
      records.resolutions,
      (each) => each.resolution_id,
    ),
    events: { new: events.length - known, changed: 0, unchanged: known },
  }
}

/** Stores the records that are not there, or not the same: an equal one keeps its version. */
async function putChanged<R extends object>(
  collection: Pick<Collection<R>, 'getMany' | 'putMany'>,
  records: readonly R[],
  keyOf: (record: R) => string,
): Promise<Changes> {
  const stored = await collection.getMany(records.map(keyOf))
  const isNew = (index: number) => stored[index] === undefined
  const isSame = (index: number) =>
    stored[index] !== undefined && canonicalJson(stored[index]) === canonicalJson(records[index])
  const different = records.filter((_record, index) => !isSame(index))
  await collection.putMany(different)
  const added = records.filter((_record, index) => isNew(index)).length
  return { new: added, changed: different.length - added, unchanged: records.length - different.length }
}
