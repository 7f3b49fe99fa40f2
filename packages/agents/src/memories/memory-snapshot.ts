/** Snapshots of memories: a record that names each, its entries as rows beside it, and one hash over all. */

import { canonicalJson, defineCollection, isoDate, sha256 } from '@coffer/core'
import * as z from 'zod'
import { metadata } from '../registry/json-member.ts'
import { type MemoryEntry, memoryEntry } from './memory-entry.ts'

/** A snapshot that can be rolled back to. */
export const memorySnapshot = z.strictObject({
  /** At most 256 characters. */
  id: z.string().min(1).max(256),
  label: z.string().optional(),
  created_at: isoDate,
  /** The filter that the entries matched, as JSON; absent where all entries are meant. */
  where: metadata.optional(),
  metadata: metadata.optional(),
  entry_count: z.int(),
  /** The hex SHA-256 that `SnapshotHash` makes of the snapshot and its entries in the order of their ids. */
  content_hash: z.string(),
})

/** What the schema `memorySnapshot` describes. */
export type MemorySnapshot = z.output<typeof memorySnapshot>

/** The table `memory_snapshots`. */
export const memorySnapshots = defineCollection({
  name: 'memory_snapshots',
  schema: memorySnapshot,
  key: 'id',
  fields: {
    id: 'column',
    label: 'index',
    created_at: 'index',
    entry_count: 'column',
    content_hash: 'column',
    where: 'json',
    metadata: 'json',
  },
})

/** An entry as it stood when a snapshot was made. Flat, so that what could be stored once can be stored again. */
const snapshotEntry = memoryEntry.extend({ key: z.string(), snapshot_id: z.string() })

/** What the schema of `memorySnapshotEntries` describes. */
export type SnapshotEntry = z.output<typeof snapshotEntry>

/** The table `memory_snapshot_entries`. */
export const memorySnapshotEntries = defineCollection({
  name: 'memory_snapshot_entries',
  schema: snapshotEntry,
  key: 'key',
  fields: { key: 'column', snapshot_id: 'column', id: 'column', type: 'column', content: 'json' },
  indexes: [['snapshot_id', 'id']],
})

/** Digits of a row's place: the last part of its key, so that no two snapshots share one. */
const PLACE_DIGITS = 12

/** The row of an entry at its place in a snapshot. */
export function toSnapshotEntry(snapshotId: string, place: number, entry: MemoryEntry): SnapshotEntry {
  const key = `${snapshotId}/${String(place).padStart(PLACE_DIGITS, '0')}`
  return { ...entry, key, snapshot_id: snapshotId }
}

/** The entry that a row holds. */
export function fromSnapshotEntry({
  key: _key,
  snapshot_id: _snapshot,
  ...entry
}: SnapshotEntry): MemoryEntry {
  return entry
}

/** True for entries that say the same. */
export function isSameEntry(left: MemoryEntry, right: MemoryEntry): boolean {
  return canonicalJson(z.encode(memoryEntry, left)) === canonicalJson(z.encode(memoryEntry, right))
}

/**
 * The hash over a snapshot, taken up entry by entry: each link covers the one before, the first what the
 * snapshot says of itself and its tenant. So it tells an entry that was changed, added, removed or moved.
 */
export class SnapshotHash {
  #link: string
  #count = 0

  constructor(tenant: string, snapshot: Omit<MemorySnapshot, 'entry_count' | 'content_hash'>) {
    const { id, label, created_at, where, metadata } = snapshot
    const said = { id, label, created_at: created_at.toISOString(), where, metadata }
    this.#link = sha256(canonicalJson({ coffer: 'memory-snapshot/1', tenant, snapshot: said }))
  }

  /** Takes up the next entry, in the order of their ids. */
  add(entry: MemoryEntry): void {
    this.#link = sha256(canonicalJson({ previous: this.#link, entry: z.encode(memoryEntry, entry) }))
    this.#count++
  }

  /** What the snapshot keeps of it. */
  get result(): Pick<MemorySnapshot, 'entry_count' | 'content_hash'> {
    return { entry_count: this.#count, content_hash: this.#link }
  }
}
