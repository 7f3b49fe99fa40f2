/** Checks all of a log, or of a collection that keeps hashes, and tells what is wrong with it. */

import type { AgentStore } from '@coffer/agents'
import type { CollectionDefinition, LogDefinition } from '@coffer/core'
import type { Listed } from '../catalog.ts'
import { logStreams } from './log-streams.ts'

/** Problems of one log or collection that are kept; all of them are counted. */
const MAX_KEPT = 100

/** Something that is wrong: a record by its key, or a stream with the place of the entry. */
export interface FoundProblem {
  readonly name: string
  readonly stream?: string
  readonly sequence?: number
  readonly key?: string | undefined
  readonly problem: string
}

/** What was checked of a log. */
export interface CheckedLog {
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
 * @param onProgress called with the number of entries or records seen
 */
export function verifyListed(
  store: AgentStore,
  { definition, log }: Listed,
  onProgress: (seen: number) => void,
): Promise<Finding> {
  return log === undefined ? verifyCollection(store, definition) : verifyLog(store, log, onProgress)
}

async function verifyCollection(store: AgentStore, definition: CollectionDefinition): Promise<Finding> {
  const { name } = definition
  const { ok, checked: records, damaged, problems } = await store.collection(definition).verify()
  return {
    checked: { name, kind: 'collection', ok, records, bad: damaged },
    problems: problems.map((problem) => ({ name, ...problem })),
  }
}

async function verifyLog(
  store: AgentStore,
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
  for await (const stream of logStreams(store, log)) {
    const report = await store.log(log).verify(stream, { onProgress: (seen) => onProgress(entries + seen) })
    streams++
    entries += report.entries
    if (report.problem === undefined || told.has(stream)) continue
    bad++
    if (problems.length < MAX_KEPT) problems.push({ name, stream, ...report.problem })
  }
  return { checked: { name, kind: 'log', ok: bad === 0, streams, entries, bad }, problems }
}
