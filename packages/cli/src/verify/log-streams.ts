/** The streams of a log: those that have a head, and those that have lost it. */

import type { AgentStore } from '@coffer/agents'
import { type Filter, isStoreError, type LogDefinition } from '@coffer/core'

const PAGE_HEADS = 1_000

/**
 * Every stream by its name. Between the heads it is asked whether there are entries of others, without reading
 * what they say: an entry that was changed may say anything. Where a head can't be read, the streams behind it
 * are found by their entries.
 */
export async function* logStreams(store: AgentStore, log: LogDefinition): AsyncGenerator<string> {
  let last = ''
  try {
    for await (const { stream } of store.collection(log.heads).iterate({ limit: PAGE_HEADS })) {
      yield* headless(store, log, last, stream)
      yield stream
      last = stream
    }
  } catch (error) {
    if (!isStoreError(error, 'CORRUPT')) throw error
  }
  yield* headless(store, log, last, undefined)
}

/** Streams behind one name and before another that have entries. */
async function* headless(
  store: AgentStore,
  log: LogDefinition,
  after: string,
  before: string | undefined,
): AsyncGenerator<string> {
  const entries = store.collection(log.entries)
  const { stream } = log.chain
  let last = after
  for (;;) {
    const where: Filter = { [stream]: { gt: last, ...(before !== undefined && { lt: before }) } }
    const [group] = await entries.aggregate({ where, measures: { next: { min: stream } } })
    if (typeof group?.next !== 'string') return
    yield group.next
    last = group.next
  }
}
