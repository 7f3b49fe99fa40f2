/** Checks all of a log, or of a collection that keeps hashes, and tells what is wrong with it. */

import type { BaseStore, CollectionDefinition, LogDefinition } from '@coffer/core'
import type { Listed } from '../catalog.ts'

/** Problems of one log or collection that are kept; all of them are counted. */
const MAX_KEPT = 100

/** Something that is wrong: a record by its key, or a stream with the place of the entry. */
export interface FoundProblem {
  /** Where every tenant was checked. */
  readonly tenant?: string
  readonly name: string
  readonly stream?: string
  readonly sequence?: number
  readonly key?: string | undefined
  readonly problem: string
}

/** What was checked of a log. */
export interface CheckedLog {
  /** Where every tenant was checked. */
  readonly tenant?: string
  readonly name: string
  readonly kind: 'log'
  readonly ok: boolean
  readonly streams: number
  readonly entries: number
  /** Streams, and heads of streams, with which something is wrong. */
  readonly bad: number
}

/** What was checked of a collection. */
export interface CheckedCollection {
  /** Where every tenant was checked. */
  readonly tenant?: string
  readonly name: string
  readonly kind: 'collection'
  readonly ok: boolean
  readonly records: number
  /** Records with which something is wrong. */
  readonly bad: number
}

/** What a check of one log or collection found, with the first problems. */
export interface Finding {
  readonly checked: CheckedLog | CheckedCollection
  readonly problems: readonly FoundProblem[]
}

/**
 * Checks it, in constant memory. Damage is reported, never thrown.
 *
 * @param references whether what records refer to must be there
 * @param onProgress called with the number of entries or records seen
 */
export function verifyListed(
  store: BaseStore,
  { definition, log }: Listed,
  references: boolean,
  onProgress: (seen: number) => void,
): Promise<Finding> {
  return log === undefined
    ? verifyCollection(store, definition, references, onProgress)
    : verifyLog(store, log, onProgress)
}

async function verifyCollection(
  store: BaseStore,
  definition: CollectionDefinition,
  references: boolean,
  onProgress: (seen: number) => void,
): Promise<Finding> {
  const { name } = definition
  const report = await store.collection(definition).verify({ references, onProgress })
  const { ok, checked: records, damaged, problems } = report
  return {
    checked: { name, kind: 'collection', ok, records, bad: damaged },
    problems: problems.map((problem) => ({ name, ...problem })),
  }
}

async function verifyLog(
  store: BaseStore,
  log: LogDefinition,
  onProgress: (seen: number) => void,
): Promise<Finding> {
  const { name } = log
  const heads = await store.collection(log.heads).verify()
  const problems: FoundProblem[] = heads.problems.map(({ key, problem }) => ({
    name,
    stream: key,
    problem: `its head is damaged: ${problem}`,
  }))
  const told = new Set(heads.problems.map(({ key }) => key))
  let [streams, entries, bad] = [0, 0, heads.damaged]
  for await (const stream of store.log(log).streams()) {
    const report = await store.log(log).verify(stream, { onProgress: (seen) => onProgress(entries + seen) })
    streams++
    entries += report.entries
    if (report.problem === undefined || told.has(stream)) continue
    bad++
    if (problems.length < MAX_KEPT) problems.push({ name, stream, ...report.problem })
  }
  return { checked: { name, kind: 'log', ok: bad === 0, streams, entries, bad }, problems }
}
