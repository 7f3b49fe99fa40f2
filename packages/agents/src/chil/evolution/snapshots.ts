/** The methods for snapshots: states of an evolution with their hashes. */

import { type BaseStore, canonicalJson, type RecordPage, sha256 } from '@coffer/core'
import * as z from 'zod'
import { checkedRecord } from '../../checked-record.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { checked } from '../checked.ts'
import { missing } from '../refusals.ts'
import {
  type EvolutionSnapshot,
  evolutionSnapshots,
  type NewEvolutionSnapshot,
  newEvolutionSnapshot,
} from './evolution-snapshot.ts'

/** Which snapshots: equal values or operators for each field, all of which must hold, and the paging. */
export type EvolutionSnapshotListOptions = ListOptions<
  'snapshot_id' | 'population' | 'generation_id' | 'state_hash' | 'created_at'
>

/** What a check of a snapshot found. */
export interface EvolutionSnapshotReport {
  readonly ok: boolean
  /** What is wrong; absent where nothing is. */
  readonly problem?: string
}

/** Methods for snapshots. */
export interface EvolutionSnapshotMethods {
  /**
   * Saves a state, any JSON, with its hash. @returns the snapshot as it is stored
   * @throws `ALREADY_EXISTS` when there is one with its id, `REFERENCE_VIOLATION` for an unknown generation, in a
   *   transaction at its commit
   */
  saveSnapshot(snapshot: NewEvolutionSnapshot): Promise<EvolutionSnapshot>
  /** The snapshot with this id, or `undefined`. */
  getSnapshot(snapshotId: string): Promise<EvolutionSnapshot | undefined>
  /** The snapshots that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listSnapshots(options?: EvolutionSnapshotListOptions): Promise<EvolutionSnapshot[]>
  /** As `listSnapshots`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageSnapshots(options?: EvolutionSnapshotListOptions): Promise<RecordPage<EvolutionSnapshot>>
  /**
   * Checks that a snapshot is what was saved, its state and hash included, and that the hash is the one that was
   * kept elsewhere, where one is given. Damage is reported, not thrown.
   *
   * @throws `NOT_FOUND` for an unknown snapshot
   */
  verifySnapshot(
    snapshotId: string,
    options?: { readonly expectedHash?: string | undefined },
  ): Promise<EvolutionSnapshotReport>
  /** Removes a snapshot. @returns true when there was one */
  deleteSnapshot(snapshotId: string): Promise<boolean>
}

const NEWEST_FIRST = { created_at: 'desc' } as const
const verifyOptions = z.strictObject({ expectedHash: z.string().optional() })

/** Makes the snapshot methods of one handle. */
export function snapshotMethods(store: BaseStore): EvolutionSnapshotMethods {
  const collection = store.collection(evolutionSnapshots)
  const lists = listsOf(collection, NEWEST_FIRST)
  return {
    saveSnapshot: async (given) => {
      const asked = checkedRecord(newEvolutionSnapshot, given, 'saveSnapshot')
      const state_hash = sha256(canonicalJson(asked.state))
      const snapshot = { ...asked, state_hash, created_at: store.now().toISOString() }
      await collection.insert(snapshot)
      return snapshot
    },
    getSnapshot: async (snapshotId) =>
      collection.get(checkedId(snapshotId, 'snapshotId', evolutionSnapshots.name)),
    listSnapshots: lists.array,
    pageSnapshots: lists.page,
    verifySnapshot: async (snapshotId, options = {}) => {
      const { expectedHash } = checked(verifyOptions, options, 'verifySnapshot')
      return verifySnapshot(store, checkedId(snapshotId, 'snapshotId', evolutionSnapshots.name), expectedHash)
    },
    deleteSnapshot: async (snapshotId) =>
      collection.delete(checkedId(snapshotId, 'snapshotId', evolutionSnapshots.name)),
  }
}

async function verifySnapshot(
  store: BaseStore,
  snapshotId: string,
  expectedHash: string | undefined,
): Promise<EvolutionSnapshotReport> {
  const collection = store.collection(evolutionSnapshots)
  const { checked: found, problems } = await collection.verify(snapshotId)
  const [damage] = problems
  if (damage !== undefined) return { ok: false, problem: damage.problem }
  const snapshot = found === 0 ? undefined : await collection.get(snapshotId, { consistency: 'strong' })
  if (snapshot === undefined) throw missing(evolutionSnapshots, 'snapshotId', snapshotId)
  if (expectedHash !== undefined && snapshot.state_hash !== expectedHash) {
    return { ok: false, problem: 'the hash is another than expected' }
  }
  return { ok: true }
}
