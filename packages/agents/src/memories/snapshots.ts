/** The snapshot methods of the memories: naming a state, going back to it, and letting go of it. */

import { type BaseStore, type Collection, type FindOptions, type RecordPage, StoreError } from '@coffer/core'
import * as z from 'zod'
import { appendAudit } from '../audit/append-audit.ts'
import { auditEntry } from '../audit/audit-entry.ts'
import { checkedRecord } from '../checked-record.ts'
import { checkedId } from '../id-text.ts'
import { type ListOptions, listsOf } from '../listing.ts'
import { newId } from '../new-id.ts'
import { checkOptionNames } from '../option-names.ts'
import { type Provenance, provenance } from '../provenance.ts'
import { metadata } from '../registry/json-member.ts'
import { memoryEntries } from './memory-entry.ts'
import { type MemoryFilter, storedFilter } from './memory-query.ts'
import {
  fromSnapshotEntry,
  isSameEntry,
  type MemorySnapshot,
  memorySnapshot,
  memorySnapshotEntries,
  memorySnapshots,
  type SnapshotEntry,
  SnapshotHash,
  toSnapshotEntry,
} from './memory-snapshot.ts'

/** Who acts, for the audit log. */
export interface SnapshotActing {
  /** Default: `memories`. */
  readonly actor?: string | undefined
  readonly provenance?: Provenance | undefined
}

/** What `createSnapshot` takes. */
export interface SnapshotOptions extends SnapshotActing {
  /** At most 256 characters. Default: a UUID of version 7. */
  readonly id?: string | undefined
  readonly label?: string | undefined
  /** Which entries the snapshot is of. Default: all. */
  readonly where?: MemoryFilter | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** What `rollbackTo` takes. */
export interface RollbackOptions extends SnapshotActing {
  /** Kept in the audit log: a reason, for example. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** What a rollback did. */
export interface Rollback {
  readonly snapshot: MemorySnapshot
  /** Entries that had been deleted and are back. */
  readonly restored: number
  /** Entries that had been changed and are as they were. */
  readonly reverted: number
  /** Entries that had been added and are gone. */
  readonly removed: number
  /** Entries that had stayed as they were. */
  readonly unchanged: number
  /** The entry of the audit log that tells of it. */
  readonly audit_id: string
}

/** Which snapshots: a value or operators for each field, all of which must hold, and the paging. */
export type SnapshotListOptions = ListOptions<'id' | 'label' | 'created_at'>

/** Methods for snapshots. */
export interface SnapshotMethods {
  /**
   * Names the present state of all entries, or of those that match `where`, in one transaction. What is stored
   * is checked first, so that the state is a sound one. Every entry is kept as it stands, so a snapshot takes
   * as much room as its entries, until `deleteSnapshot`. Told in the audit log, with the snapshot's hash.
   *
   * @returns the snapshot, with the number of its entries and the hash over all of them
   * @throws `ALREADY_EXISTS` for an id that is taken, `CORRUPT` when a stored entry does not match its hash
   */
  createSnapshot(options?: SnapshotOptions): Promise<MemorySnapshot>
  /**
   * Makes the entries what they were: those added since are gone, those deleted are back, those changed are as
   * they were; versions go on. Of a snapshot with `where`, entries are touched that stood in it or match now.
   * All of it happens in one serializable transaction, or nothing: what is written at the same time happened
   * before, and is undone, or comes after. Other snapshots stay, later ones too. The audit log tells of it in the
   * same transaction, with the hashes before and after and the counts.
   *
   * @throws `NOT_FOUND` for an unknown snapshot, `CORRUPT` for one that does not match its hash
   */
  rollbackTo(snapshotId: string, options?: RollbackOptions): Promise<Rollback>
  /** The snapshots that match, newest first, at most `limit`, 100 unless said otherwise. */
  listSnapshots(options?: SnapshotListOptions): Promise<MemorySnapshot[]>
  /** As `listSnapshots`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageSnapshots(options?: SnapshotListOptions): Promise<RecordPage<MemorySnapshot>>
  /** As `listSnapshots`, all of them, page by page; `limit` is the size of a page. */
  iterateSnapshots(options?: SnapshotListOptions): AsyncGenerator<MemorySnapshot, void, undefined>
  /** Removes a snapshot and what it holds; told in the audit log. @returns true when there was one */
  deleteSnapshot(snapshotId: string, options?: SnapshotActing): Promise<boolean>
}

const acting = z.strictObject({ actor: auditEntry.shape.actor.optional(), provenance: provenance.optional() })
const rollbackOptions = acting.extend({ metadata: metadata.optional() })
const { id, label } = memorySnapshot.shape
const snapshotOptions = rollbackOptions.extend({ id: id.optional(), label })
const NEWEST_FIRST = { created_at: 'desc' } as const
/** Entries that are read and written in one step of a transaction. */
const PAGE_ENTRIES = 200

/** Makes the snapshot methods of one handle. */
export function snapshotMethods(store: BaseStore): SnapshotMethods {
  const lists = listsOf(store.collection(memorySnapshots), NEWEST_FIRST)
  return {
    createSnapshot: (options) => createSnapshot(store, options),
    rollbackTo: (snapshotId, options) => rollBack(store, snapshotId, options),
    listSnapshots: lists.array,
    pageSnapshots: lists.page,
    iterateSnapshots: lists.iterate,
    deleteSnapshot: (snapshotId, options) => deleteSnapshot(store, snapshotId, options),
  }
}

async function createSnapshot(store: BaseStore, options: SnapshotOptions = {}): Promise<MemorySnapshot> {
  checkOptionNames(options, ['where', ...Object.keys(snapshotOptions.shape)], 'createSnapshot')
  const { where = {}, ...rest } = options
  const { id = newId(), label, metadata, ...by } = checkedRecord(snapshotOptions, rest, 'createSnapshot')
  const asJson = toJson(where)
  // Refuses what is no filter.
  await store.collection(memoryEntries).exists(storedFilter(where))
  const kept = Object.keys(asJson).length === 0 ? undefined : asJson
  return store.transaction(async (tx) => {
    const snapshots = tx.collection(memorySnapshots)
    const asked = { id, label, created_at: store.now(), where: kept, metadata }
    // First of all, so that what is no snapshot, or one that is there already, is refused at once.
    await snapshots.insert({ ...asked, entry_count: 0, content_hash: '' })
    // As it is stored, without members that are undefined.
    const said = (await snapshots.get(id)) as MemorySnapshot
    const hash = new SnapshotHash(tx.tenantName, said)
    await copyEntries(tx, said, hash)
    await snapshots.put({ ...said, ...hash.result })
    await audited(tx, 'memories.createSnapshot', undefined, { snapshot_id: id, ...hash.result }, by)
    return { ...said, ...hash.result }
  })
}

/** Keeps the entries that match as rows of a snapshot, once all that is stored has proved to be sound. */
async function copyEntries(tx: BaseStore, snapshot: MemorySnapshot, hash: SnapshotHash): Promise<void> {
  const entries = tx.collection(memoryEntries)
  const rows = tx.collection(memorySnapshotEntries)
  if (!(await entries.verify()).ok) {
    throw failure('CORRUPT', `an entry does not match its hash; verify() of ${memoryEntries.name} names it`)
  }
  for await (const page of pagesOf(entries, { where: filterOf(snapshot) })) {
    const first = hash.result.entry_count
    for (const entry of page) hash.add(entry)
    await rows.insertMany(page.map((entry, index) => toSnapshotEntry(snapshot.id, first + index, entry)))
  }
}

async function rollBack(
  store: BaseStore,
  snapshotId: string,
  options: RollbackOptions = {},
): Promise<Rollback> {
  const by = checkedRecord(rollbackOptions, options, 'rollbackTo')
  checkedId(snapshotId, 'snapshotId', memorySnapshots.name)
  return store.transaction(async (tx) => {
    const snapshot = await tx.collection(memorySnapshots).get(snapshotId)
    if (snapshot === undefined) throw failure('NOT_FOUND', 'there is no such snapshot', snapshotId)
    await checkSnapshot(tx, snapshot)
    const { before, removed } = await removeAdded(tx, snapshot)
    const counts = { ...(await putBack(tx, snapshot)), removed }
    const { entry_count, content_hash } = snapshot
    const after = { snapshot_id: snapshotId, entry_count, content_hash, ...counts }
    const { id } = await audited(tx, 'memories.rollback', before, after, by)
    return { snapshot, ...counts, audit_id: id }
  })
}

/** Refuses a snapshot whose record or entries are not those that were stored. */
async function checkSnapshot(tx: BaseStore, snapshot: MemorySnapshot): Promise<void> {
  const hash = new SnapshotHash(tx.tenantName, snapshot)
  for await (const page of snapshotPages(tx, snapshot)) {
    for (const row of page) hash.add(fromSnapshotEntry(row))
  }
  const { entry_count, content_hash } = hash.result
  if (entry_count === snapshot.entry_count && content_hash === snapshot.content_hash) return
  throw failure('CORRUPT', 'the snapshot does not match its hash; nothing was rolled back', snapshot.id)
}

/** Removes what the snapshot does not hold, and tells what state was there before, by the snapshot's own hash. */
async function removeAdded(tx: BaseStore, snapshot: MemorySnapshot) {
  const entries = tx.collection(memoryEntries)
  const rows = tx.collection(memorySnapshotEntries)
  const hash = new SnapshotHash(tx.tenantName, snapshot)
  let removed = 0
  for await (const page of pagesOf(entries, { where: filterOf(snapshot) })) {
    for (const entry of page) hash.add(entry)
    const ids = page.map((entry) => entry.id)
    const held = await rows.find({
      where: { snapshot_id: snapshot.id, id: { in: ids } },
      limit: PAGE_ENTRIES,
    })
    const kept = new Set(held.records.map((row) => row.id))
    removed += await entries.deleteMany(ids.filter((id) => !kept.has(id)))
  }
  return { before: hash.result, removed }
}

/** Stores what is missing or says otherwise, and leaves alone what is as it was. */
async function putBack(tx: BaseStore, snapshot: MemorySnapshot) {
  const entries = tx.collection(memoryEntries)
  let restored = 0
  let reverted = 0
  for await (const page of snapshotPages(tx, snapshot)) {
    const wanted = page.map(fromSnapshotEntry)
    const present = await entries.getMany(wanted.map((entry) => entry.id))
    const differing = wanted.filter((entry, index) => {
      const there = present[index]
      return there === undefined || !isSameEntry(there, entry)
    })
    const missing = present.filter((entry) => entry === undefined).length
    restored += missing
    reverted += differing.length - missing
    await entries.putMany(differing)
  }
  return { restored, reverted, unchanged: snapshot.entry_count - restored - reverted }
}

async function deleteSnapshot(
  store: BaseStore,
  snapshotId: string,
  options: SnapshotActing = {},
): Promise<boolean> {
  const by = checkedRecord(acting, options, 'deleteSnapshot')
  checkedId(snapshotId, 'snapshotId', memorySnapshots.name)
  return store.transaction(async (tx) => {
    const snapshots = tx.collection(memorySnapshots)
    const snapshot = await snapshots.get(snapshotId)
    if (snapshot === undefined) return false
    await tx.collection(memorySnapshotEntries).deleteMany({ snapshot_id: snapshotId })
    await snapshots.delete(snapshotId)
    const { entry_count, content_hash } = snapshot
    const before = { snapshot_id: snapshotId, entry_count, content_hash }
    await audited(tx, 'memories.deleteSnapshot', before, undefined, by)
    return true
  })
}

function audited(
  tx: BaseStore,
  action: string,
  before: unknown,
  after: unknown,
  { actor = 'memories', ...options }: RollbackOptions,
) {
  return appendAudit(tx, actor, action, before, after, options)
}

/** The rows of a snapshot by the ids of their entries, in pages. */
function snapshotPages(tx: BaseStore, { id }: MemorySnapshot): AsyncGenerator<readonly SnapshotEntry[]> {
  return pagesOf(tx.collection(memorySnapshotEntries), { where: { snapshot_id: id }, orderBy: 'id' })
}

/** Records in pages; those of a page that was seen may be removed meanwhile. */
async function* pagesOf<R, F extends string>(
  collection: Collection<R, F>,
  options: FindOptions<F>,
): AsyncGenerator<readonly R[]> {
  let cursor: string | undefined
  do {
    const page: RecordPage<R> = await collection.find({ ...options, limit: PAGE_ENTRIES, cursor })
    if (page.records.length > 0) yield page.records
    cursor = page.next
  } while (cursor !== undefined)
}

/** The entries that a snapshot is about. */
function filterOf({ where = {} }: MemorySnapshot): ReturnType<typeof storedFilter> {
  return storedFilter(where as MemoryFilter)
}

/** A filter as JSON, which says the same: times may be asked for as text. Empty for what is no filter. */
function toJson(where: MemoryFilter): NonNullable<MemorySnapshot['where']> {
  try {
    return JSON.parse(JSON.stringify(where))
  } catch {
    return {}
  }
}

function failure(code: 'NOT_FOUND' | 'CORRUPT', problem: string, key?: string): StoreError {
  const keys = key === undefined ? undefined : [key]
  return new StoreError(code, `${memorySnapshots.name}: ${problem}`, {
    collection: memorySnapshots.name,
    keys,
  })
}
