/** Memories of agents, with provenance and snapshots, after Aureus' PostgresMemoryStore. */

import { type BaseStore, defineModule, type RecordPage, type WriteOptions } from '@coffer/core'
import { auditLogEntries } from '../audit/audit-entry.ts'
import { checkedId } from '../id-text.ts'
import { findListed, iterateListed, splitOrder } from '../listing.ts'
import { type MemoryEntry, memoryEntries } from './memory-entry.ts'
import { type MemoryQuery, storedFilter } from './memory-query.ts'
import { memorySnapshotEntries, memorySnapshots } from './memory-snapshot.ts'
import { type SnapshotMethods, snapshotMethods } from './snapshots.ts'

/** What the write of one memory takes. */
export type MemoryWriteOptions = Pick<WriteOptions, 'ifVersion' | 'signal'>

/** The methods of the memories. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface MemoryMethods extends SnapshotMethods {
  /** Stores a memory over whatever has its id. @returns its version */
  storeEntry(entry: MemoryEntry, options?: MemoryWriteOptions): Promise<number>
  /** Stores all memories or none; of two with one id the later wins. @returns their versions, in order */
  storeEntries(entries: readonly MemoryEntry[]): Promise<number[]>
  /** The memory with this id, or `undefined`. */
  getEntry(id: string): Promise<MemoryEntry | undefined>
  /** The memories that match, newest first, at most `limit`, 100 unless said otherwise. */
  queryEntries(query?: MemoryQuery): Promise<MemoryEntry[]>
  /** As `queryEntries`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageEntries(query?: MemoryQuery): Promise<RecordPage<MemoryEntry>>
  /** As `queryEntries`, all of them, page by page; `limit` is the size of a page. */
  iterateEntries(query?: MemoryQuery): AsyncGenerator<MemoryEntry, void, undefined>
  /** Removes a memory; snapshots keep it. @returns true when there was one */
  deleteEntry(id: string, options?: MemoryWriteOptions): Promise<boolean>
}

function memoryMethods(store: BaseStore): MemoryMethods {
  const entries = store.collection(memoryEntries)
  const page = async (query: MemoryQuery = {}) => {
    const { options, orderBy } = listing(query)
    return findListed(entries, options, orderBy)
  }
  return {
    storeEntry: (entry, options) => entries.put(entry, options),
    storeEntries: (batch) => entries.putMany(batch),
    getEntry: async (id) => entries.get(checkedId(id, 'id', memoryEntries.name)),
    queryEntries: async (query) => (await page(query)).records,
    pageEntries: page,
    async *iterateEntries(query = {}) {
      const { options, orderBy } = listing(query)
      yield* iterateListed(entries, options, orderBy)
    },
    deleteEntry: async (id, options) => entries.delete(checkedId(id, 'id', memoryEntries.name), options),
    ...snapshotMethods(store),
  }
}

/** The question as the collection is asked, and its order. */
function listing(query: MemoryQuery) {
  const { order, rest } = splitOrder(query, memoryEntries.name)
  const { limit, offset, cursor, signal, ...filter } = rest
  return {
    options: { ...storedFilter(filter), limit, offset, cursor, signal },
    orderBy: { timestamp: order },
  } as const
}

/** The memories, as a module for `createStore`. Rollbacks are written to the audit log. */
export const memories = defineModule<MemoryMethods>({
  collections: { memoryEntries, memorySnapshots, memorySnapshotEntries },
  logs: { auditLogEntries },
  methods: memoryMethods,
})
