/** The methods for coalitions. Each change is told by an event in the same transaction. */

import { type BaseStore, type RecordPage, StoreError } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { newId } from '../../new-id.ts'
import { beyond, conflicting, missing, repeated } from '../refusals.ts'
import {
  MAX_MEMBERS,
  type NewPowerCoalition,
  newPowerCoalition,
  type PowerCoalition,
  powerCoalitions,
} from './power-coalition.ts'
import { type OWN_EVENTS, powerEvents } from './power-event.ts'
import { powerNodes } from './power-node.ts'

/** Which coalitions: equal values or operators for each field, all of which must hold, and the paging. `members` is asked with `{ has }`. */
export type PowerCoalitionListOptions = ListOptions<
  'coalition_id' | 'name' | 'status' | 'members' | 'formed_at' | 'dissolved_at'
>

/** What the members of a coalition hold together. */
export interface CoalitionPower {
  readonly members: number
  readonly amount: number
}

/** Methods for coalitions. */
export interface CoalitionMethods {
  /**
   * Forms a coalition of nodes, 1 to 1,000. A node may be in several. @returns it as it is stored
   * @throws `NOT_FOUND` for an unknown node, `ALREADY_EXISTS` when there is a coalition with its id
   */
  formCoalition(coalition: NewPowerCoalition): Promise<PowerCoalition>
  /** The coalition with this id, or `undefined`. */
  getCoalition(coalitionId: string): Promise<PowerCoalition | undefined>
  /**
   * Adds a node to a coalition. @returns the coalition as it is stored
   * @throws `NOT_FOUND` for an unknown coalition or node, `ALREADY_EXISTS` for a member, `VERSION_CONFLICT` for
   *   a coalition that is dissolved, `LIMIT_EXCEEDED` for one of 1,000
   */
  joinCoalition(coalitionId: string, nodeId: string): Promise<PowerCoalition>
  /**
   * Takes a node out of a coalition, which may then be empty. @returns the coalition as it is stored
   * @throws `NOT_FOUND` for an unknown coalition and for who is no member, `VERSION_CONFLICT` for a coalition
   *   that is dissolved
   */
  leaveCoalition(coalitionId: string, nodeId: string): Promise<PowerCoalition>
  /**
   * Ends a coalition for good; it still tells its last members. @returns it as it is stored
   * @throws `NOT_FOUND` for an unknown one, `VERSION_CONFLICT` for one that is dissolved
   */
  dissolveCoalition(coalitionId: string): Promise<PowerCoalition>
  /** The coalitions that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listCoalitions(options?: PowerCoalitionListOptions): Promise<PowerCoalition[]>
  /** As `listCoalitions`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageCoalitions(options?: PowerCoalitionListOptions): Promise<RecordPage<PowerCoalition>>
  /** As `listCoalitions`, all of them, page by page; `limit` is the size of a page. */
  iterateCoalitions(options?: PowerCoalitionListOptions): AsyncGenerator<PowerCoalition, void, undefined>
  /**
   * What the members of a coalition hold together, as one moment has it; nothing where it is dissolved.
   * @throws `NOT_FOUND` for an unknown one
   */
  coalitionPower(coalitionId: string): Promise<CoalitionPower>
}

const NEWEST_FIRST = { formed_at: 'desc' } as const

/** Makes the coalition methods of one handle. */
export function coalitionMethods(store: BaseStore): CoalitionMethods {
  const coalitions = store.collection(powerCoalitions)
  const lists = listsOf(coalitions, NEWEST_FIRST)
  return {
    formCoalition: async (given) => formCoalition(store, given),
    getCoalition: async (coalitionId) => coalitions.get(checkedCoalition(coalitionId)),
    joinCoalition: async (coalitionId, nodeId) => {
      checkedId(nodeId, 'node_id', powerCoalitions.name)
      return change(store, coalitionId, 'coalition_joined', [nodeId], async (before, transaction) => {
        if (before.members.includes(nodeId))
          throw repeated(powerCoalitions, 'the node is a member already', coalitionId)
        if (before.members.length >= MAX_MEMBERS) {
          throw beyond(powerCoalitions, `a coalition has at most ${MAX_MEMBERS} members`)
        }
        if (!(await transaction.collection(powerNodes).has(nodeId)))
          throw missing(powerNodes, 'node_id', nodeId)
        return { ...before, members: [...before.members, nodeId] }
      })
    },
    leaveCoalition: async (coalitionId, nodeId) => {
      checkedId(nodeId, 'node_id', powerCoalitions.name)
      return change(store, coalitionId, 'coalition_left', [nodeId], async (before) => {
        if (!before.members.includes(nodeId)) throw noMember(coalitionId)
        return { ...before, members: before.members.filter((member) => member !== nodeId) }
      })
    },
    dissolveCoalition: async (coalitionId) =>
      change(store, coalitionId, 'coalition_dissolved', undefined, async (before, transaction) => ({
        ...before,
        status: 'dissolved',
        dissolved_at: transaction.now().toISOString(),
      })),
    listCoalitions: lists.array,
    pageCoalitions: lists.page,
    iterateCoalitions: lists.iterate,
    coalitionPower: async (coalitionId) => {
      checkedCoalition(coalitionId)
      return store.transaction((transaction) => power(transaction, coalitionId))
    },
  }
}

async function formCoalition(store: BaseStore, given: NewPowerCoalition): Promise<PowerCoalition> {
  const checked = checkedRecord(newPowerCoalition, given, 'formCoalition')
  return store.transaction(async (transaction) => {
    const coalitions = transaction.collection(powerCoalitions)
    // First of all, so that who repeats a call learns that it was done.
    if (await coalitions.has(checked.coalition_id)) {
      const problem = "there is a coalition with this 'coalition_id' already"
      throw repeated(powerCoalitions, problem, checked.coalition_id)
    }
    await requireNodes(transaction, checked.members)
    const formed_at = transaction.now().toISOString()
    const coalition: PowerCoalition = { ...checked, status: 'active', formed_at, dissolved_at: null }
    await coalitions.insert(coalition)
    await tell(transaction, coalition.coalition_id, 'coalition_formed', coalition.members)
    return coalition
  })
}

/** Changes a coalition that is active, with the event that tells so. */
async function change(
  store: BaseStore,
  coalitionId: string,
  eventType: (typeof OWN_EVENTS)[number],
  participants: readonly string[] | undefined,
  next: (before: PowerCoalition, transaction: BaseStore) => Promise<PowerCoalition>,
): Promise<PowerCoalition> {
  checkedCoalition(coalitionId)
  return store.transaction(async (transaction) => {
    const before = await knownCoalition(transaction, coalitionId)
    if (before.status === 'dissolved')
      throw conflicting(powerCoalitions, 'the coalition is dissolved', coalitionId)
    const after = await next(before, transaction)
    await transaction.collection(powerCoalitions).put(after)
    await tell(transaction, coalitionId, eventType, participants ?? before.members)
    return after
  })
}

async function power(transaction: BaseStore, coalitionId: string): Promise<CoalitionPower> {
  const { status, members } = await knownCoalition(transaction, coalitionId)
  if (status === 'dissolved') return { members: 0, amount: 0 }
  const [held] = await transaction
    .collection(powerNodes)
    .aggregate({ where: { node_id: { in: members } }, measures: { amount: { sum: 'amount' } } })
  return { members: members.length, amount: held?.amount ?? 0 }
}

async function knownCoalition(transaction: BaseStore, coalitionId: string): Promise<PowerCoalition> {
  const coalition = await transaction.collection(powerCoalitions).get(coalitionId)
  if (coalition === undefined) throw missing(powerCoalitions, 'coalition_id', coalitionId)
  return coalition
}

async function requireNodes(transaction: BaseStore, nodeIds: readonly string[]): Promise<void> {
  const nodes = await transaction.collection(powerNodes).getMany(nodeIds)
  const absent = nodeIds.find((_id, place) => nodes[place] === undefined)
  if (absent !== undefined) throw missing(powerNodes, 'members', absent)
}

async function tell(
  transaction: BaseStore,
  coalition_id: string,
  event_type: (typeof OWN_EVENTS)[number],
  participants: readonly string[],
): Promise<void> {
  await transaction.collection(powerEvents).insert({
    event_id: newId(),
    event_type,
    coalition_id,
    participants: [...participants],
    occurred_at: transaction.now().toISOString(),
  })
}

function checkedCoalition(coalitionId: unknown): string {
  return checkedId(coalitionId, 'coalition_id', powerCoalitions.name)
}

function noMember(coalitionId: string): StoreError {
  const { name } = powerCoalitions
  return new StoreError('NOT_FOUND', `${name}: the node that 'node_id' names is no member`, {
    collection: name,
    keys: [coalitionId],
  })
}
