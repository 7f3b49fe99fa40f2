/** The methods for nodes and the relations between them. */

import { type BaseStore, type RecordPage, StoreError } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { conflicting, missing, repeated } from '../refusals.ts'
import { powerCoalitions } from './power-coalition.ts'
import {
  type NewPowerNode,
  newPowerNode,
  type PowerNode,
  type PowerNodeChange,
  powerNodeChange,
  powerNodes,
} from './power-node.ts'
import {
  type NewPowerRelation,
  newPowerRelation,
  type PowerRelation,
  powerRelations,
} from './power-relation.ts'

/** Which nodes: equal values or operators for each field, all of which must hold, and the paging. */
export type PowerNodeListOptions = ListOptions<'node_id' | 'node_type' | 'amount' | 'created_at'>

/** Which relations, as for nodes. Those of one node: `{ or: [{ source_id }, { target_id }] }`. */
export type PowerRelationListOptions = ListOptions<
  'relation_id' | 'source_id' | 'target_id' | 'relation_type' | 'strength' | 'established_at'
>

/** Methods for nodes and relations. */
export interface PowerNodeMethods {
  /**
   * Creates a node with what it holds at first. Nothing else changes the total. @returns it as it is stored
   *
   * @throws `ALREADY_EXISTS` when there is one with its id
   */
  createNode(node: NewPowerNode): Promise<PowerNode>
  /** The node with this id, or `undefined`. */
  getNode(nodeId: string): Promise<PowerNode | undefined>
  /**
   * Replaces the type or the metadata of a node; what it holds is moved by `transferPower` alone. @returns it
   * as it is stored
   *
   * @throws `NOT_FOUND` for an unknown node
   */
  updateNode(nodeId: string, change: PowerNodeChange): Promise<PowerNode>
  /**
   * Removes a node with its relations and metrics; events stay. @returns true when there was one
   *
   * @throws `VERSION_CONFLICT` for one that holds power: transfer it first; `REFERENCE_VIOLATION` for a member
   *   of a coalition that is active
   */
  deleteNode(nodeId: string): Promise<boolean>
  /** The nodes that match, the most powerful first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listNodes(options?: PowerNodeListOptions): Promise<PowerNode[]>
  /** As `listNodes`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageNodes(options?: PowerNodeListOptions): Promise<RecordPage<PowerNode>>
  /** As `listNodes`, all of them, page by page; `limit` is the size of a page. */
  iterateNodes(options?: PowerNodeListOptions): AsyncGenerator<PowerNode, void, undefined>
  /**
   * Creates a relation from one node to another. @returns it as it is stored
   *
   * @throws `NOT_FOUND` for an unknown node, `ALREADY_EXISTS` when there is one of its type
   */
  createRelation(relation: NewPowerRelation): Promise<PowerRelation>
  /** Removes a relation. @returns true when there was one */
  deleteRelation(relationId: string): Promise<boolean>
  /** The relations that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listRelations(options?: PowerRelationListOptions): Promise<PowerRelation[]>
  /** As `listRelations`: `{ records, next }`. */
  pageRelations(options?: PowerRelationListOptions): Promise<RecordPage<PowerRelation>>
  /** As `listRelations`, all of them, page by page. */
  iterateRelations(options?: PowerRelationListOptions): AsyncGenerator<PowerRelation, void, undefined>
}

const MOST_FIRST = { amount: 'desc' } as const
const NEWEST_FIRST = { established_at: 'desc' } as const

/** Makes the methods for nodes and relations of one handle. */
export function powerNodeMethods(store: BaseStore): PowerNodeMethods {
  const nodes = store.collection(powerNodes)
  const relations = store.collection(powerRelations)
  const nodeLists = listsOf(nodes, MOST_FIRST)
  const relationLists = listsOf(relations, NEWEST_FIRST)
  return {
    createNode: async (given) => {
      const { amount = 0, ...rest } = checkedRecord(newPowerNode, given, 'createNode')
      const node = { ...rest, amount, created_at: store.now().toISOString() }
      await nodes.insert(node)
      return node
    },
    getNode: async (nodeId) => nodes.get(checkedId(nodeId, 'node_id', powerNodes.name)),
    updateNode: async (nodeId, given) => {
      checkedId(nodeId, 'node_id', powerNodes.name)
      // What is undefined has been left out.
      const change = checkedRecord(powerNodeChange, given, 'updateNode') as Partial<PowerNode>
      let after: PowerNode | undefined
      await nodes.update(nodeId, (before) => {
        after = { ...before, ...change }
        return after
      })
      return after as PowerNode
    },
    deleteNode: async (nodeId) => {
      checkedId(nodeId, 'node_id', powerNodes.name)
      return store.transaction((transaction) => deleteNode(transaction, nodeId))
    },
    listNodes: nodeLists.array,
    pageNodes: nodeLists.page,
    iterateNodes: nodeLists.iterate,
    createRelation: async (given) => createRelation(store, given),
    deleteRelation: async (relationId) =>
      relations.delete(checkedId(relationId, 'relation_id', powerRelations.name)),
    listRelations: relationLists.array,
    pageRelations: relationLists.page,
    iterateRelations: relationLists.iterate,
  }
}

async function deleteNode(transaction: BaseStore, nodeId: string): Promise<boolean> {
  const nodes = transaction.collection(powerNodes)
  const node = await nodes.get(nodeId)
  if (node === undefined) return false
  if (node.amount > 0) throw conflicting(powerNodes, 'the node holds power; transfer it first', nodeId)
  const membership = { members: { has: nodeId }, status: 'active' } as const
  if (await transaction.collection(powerCoalitions).exists(membership)) {
    throw new StoreError('REFERENCE_VIOLATION', `${powerNodes.name}: the node is a member of a coalition`, {
      collection: powerCoalitions.name,
    })
  }
  return nodes.delete(nodeId)
}

async function createRelation(store: BaseStore, given: NewPowerRelation): Promise<PowerRelation> {
  const { strength = 0.5, ...rest } = checkedRecord(newPowerRelation, given, 'createRelation')
  const { source_id, target_id, relation_type } = rest
  return store.transaction(async (transaction) => {
    const [source, target] = await transaction.collection(powerNodes).getMany([source_id, target_id])
    if (source === undefined) throw missing(powerNodes, 'source_id', source_id)
    if (target === undefined) throw missing(powerNodes, 'target_id', target_id)
    const relation_id = compositeKey(source_id, target_id, relation_type)
    const relations = transaction.collection(powerRelations)
    if (await relations.has(relation_id)) {
      throw repeated(
        powerRelations,
        'there is a relation of this type between the nodes already',
        relation_id,
      )
    }
    const relation = { ...rest, relation_id, strength, established_at: transaction.now().toISOString() }
    await relations.insert(relation)
    return relation
  })
}
