/** Imports records of any collection: many a commit, each batch whole, and line by line where one is refused. */

import { type BaseStore, type CollectionDefinition, canonicalJson, isStoreError } from '@coffer/core'
import { documentOf } from '../output/record-json.ts'
import type { LineProblem } from './import-transcripts.ts'
import type { Arrived, Incoming } from './incoming.ts'

/** What becomes of a record whose key is there already with another record. */
export type OnConflict = 'fail' | 'skip' | 'replace'

/** How records are imported. */
export interface RecordImportOptions {
  readonly onConflict: OnConflict
  /** Whether to look only: everything is checked but references, and nothing is stored. */
  readonly dryRun: boolean
  /** Whether to stop at the first bad line. */
  readonly strict: boolean
  /** Called for every bad line. */
  readonly onProblem: (problem: LineProblem) => Promise<void>
  /** Called after every commit, and for every bad line. */
  readonly onProgress: (counts: RecordCounts) => void
  /** Stops the import between two commits. */
  readonly signal: AbortSignal
}

/** What became of the records of one collection. */
export interface RecordChanges {
  new: number
  changed: number
  unchanged: number
  /** Left as they were found, for they are there with another content. */
  skipped: number
}

/** What an import did. */
export interface RecordCounts {
  records: number
  bad_lines: number
  readonly collections: Record<string, RecordChanges>
  /** Lines of logs, which were passed over. */
  readonly logs: Record<string, number>
}

/** Bounds of one commit: they keep memory constant and other writers waiting only shortly. */
const BATCH_RECORDS = 500
const BATCH_CHARACTERS = 8 * 1_024 * 1_024

/**
 * Imports records. One that is there already, alike, is unchanged. A line that can't be imported is told and
 * counted, and the others go on, unless `strict` is set.
 *
 * @throws what the store throws when it fails; what was committed before stays
 */
export async function importRecords(
  store: BaseStore,
  incoming: AsyncIterable<Incoming>,
  options: RecordImportOptions,
): Promise<RecordCounts> {
  const batch = new Batch(store, options)
  for await (const each of incoming) {
    if (options.signal.aborted || batch.stopped) break
    await batch.add(each)
  }
  if (!batch.stopped) await batch.commit()
  return batch.counts
}

/** What is to become of one record. */
type Fate = keyof RecordChanges | 'refused'

class Batch {
  readonly counts: RecordCounts = { records: 0, bad_lines: 0, collections: {}, logs: {} }
  /** True when a bad line has ended a strict import. */
  stopped = false
  readonly #store: BaseStore
  readonly #options: RecordImportOptions
  #arrived: Arrived[] = []
  #keys = new Set<string>()
  #characters = 0

  constructor(store: BaseStore, options: RecordImportOptions) {
    this.#store = store
    this.#options = options
  }

  async add(incoming: Incoming): Promise<void> {
    if ('log' in incoming) {
      const { name } = incoming.log
      this.counts.logs[name] = (this.counts.logs[name] ?? 0) + 1
      return
    }
    if ('problem' in incoming) {
      // What came before is told and stored first, so that problems are told in order.
      await this.commit()
      if (!this.stopped) await this.#tell({ line: incoming.line, reason: incoming.problem })
      return
    }
    const key = keyOf(incoming)
    // A commit has one collection, and a record once.
    if (this.#arrived.some(({ definition }) => definition !== incoming.definition) || this.#keys.has(key)) {
      await this.commit()
      if (this.stopped) return
    }
    this.#arrived.push(incoming)
    this.#keys.add(key)
    this.#characters += incoming.characters
    if (this.#arrived.length >= BATCH_RECORDS || this.#characters >= BATCH_CHARACTERS) await this.commit()
  }

  async commit(): Promise<void> {
    const arrived = this.#arrived
    this.#arrived = []
    this.#keys = new Set()
    this.#characters = 0
    if (arrived.length === 0) return
    if (!(await this.#tryTogether(arrived))) await this.#oneByOne(arrived)
    this.#options.onProgress(this.counts)
  }

  /** False where the store refuses something of it; then nothing is stored. */
  async #tryTogether(arrived: readonly Arrived[]): Promise<boolean> {
    try {
      const fates = await this.#storeTogether(arrived)
      if (this.#options.strict && fates.includes('refused')) return false
      for (const [index, each] of arrived.entries()) await this.#count(each, fates[index] as Fate)
      return true
    } catch (error) {
      if (isRefusal(error)) return false
      throw error
    }
  }

  async #oneByOne(arrived: readonly Arrived[]): Promise<void> {
    for (const each of arrived) {
      if (this.stopped || this.#options.signal.aborted) return
      try {
        const [fate] = await this.#storeTogether([each])
        await this.#count(each, fate as Fate)
      } catch (error) {
        if (!isRefusal(error)) throw error
        await this.#tell({ line: each.line, reason: reasonOf(error), advice: adviceFor(error) })
      }
    }
  }

  /** Stores records of one collection in one commit. */
  #storeTogether(arrived: readonly Arrived[]): Promise<Fate[]> {
    const { onConflict, dryRun, strict } = this.#options
    if (dryRun) return fatesOf(this.#store, arrived, onConflict)
    return this.#store.transaction(async (transaction) => {
      const fates = await fatesOf(transaction, arrived, onConflict)
      // Of a strict import nothing behind the first bad line is stored.
      if (strict && fates.includes('refused')) return fates
      const stored = arrived.filter((_each, index) => fates[index] === 'new' || fates[index] === 'changed')
      const [first] = stored
      if (first !== undefined) {
        await transaction.collection(first.definition).putMany(stored.map(({ record }) => record))
      }
      return fates
    })
  }

  async #count({ line, definition }: Arrived, fate: Fate): Promise<void> {
    if (fate === 'refused') {
      await this.#tell({
        line,
        reason: `${definition.name} has another record of this key`,
        advice:
          '--on-conflict skip leaves the records as they are, --on-conflict replace takes those of FILE',
      })
      return
    }
    this.counts.records++
    this.counts.collections[definition.name] ??= { new: 0, changed: 0, unchanged: 0, skipped: 0 }
    const changes = this.counts.collections[definition.name] as RecordChanges
    changes[fate]++
  }

  async #tell(problem: LineProblem): Promise<void> {
    this.counts.bad_lines++
    this.stopped ||= this.#options.strict
    this.#options.onProgress(this.counts)
    await this.#options.onProblem(problem)
  }
}

async function fatesOf(
  store: BaseStore,
  arrived: readonly Arrived[],
  onConflict: OnConflict,
): Promise<Fate[]> {
  const [first] = arrived
  if (first === undefined) return []
  const { definition } = first
  const present = await store.collection(definition).getMany(arrived.map(keyOf))
  return arrived.map(({ record }, index) => {
    const other = present[index]
    if (other === undefined) return 'new'
    if (textOf(other, definition) === textOf(record, definition)) return 'unchanged'
    if (onConflict === 'fail') return 'refused'
    return onConflict === 'skip' ? 'skipped' : 'changed'
  })
}

function textOf(record: unknown, definition: CollectionDefinition): string {
  return canonicalJson(documentOf(record, definition))
}

/** The key as it is stored: a codec may make something else of it in the record. */
function keyOf({ record, definition }: Arrived): string {
  return documentOf(record, definition)[definition.key] as string
}

const REFUSALS = ['INVALID_ARGUMENT', 'LIMIT_EXCEEDED', 'REFERENCE_VIOLATION'] as const

function isRefusal(error: unknown): boolean {
  return REFUSALS.some((code) => isStoreError(error, code))
}

function reasonOf(error: unknown): string {
  return (error as Error).message.replace(/ \(item \d+\)$/, '')
}

function adviceFor(error: unknown): string | undefined {
  if (!isStoreError(error, 'REFERENCE_VIOLATION')) return undefined
  return 'records may refer to others that come later in FILE: import it once more'
}
