/** The methods for the nodes of a consensus. */

import type { BaseStore, RecordPage } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { conflicting, missing } from '../refusals.ts'
import {
  type ConsensusNode,
  type ConsensusNodeChange,
  consensusNodeChange,
  consensusNodes,
  type NewConsensusNode,
  newConsensusNode,
} from './consensus-node.ts'

/** Which nodes: equal values or operators for each field, all of which must hold, and the paging. */
export type ConsensusNodeListOptions = ListOptions<
  'node_id' | 'address' | 'status' | 'weight' | 'registered_at' | 'last_heartbeat'
>

/** Methods for nodes. */
export interface ConsensusNodeMethods {
  /**
   * Registers a node: active and of weight 1 unless said otherwise. @returns it as it is stored
   * @throws `ALREADY_EXISTS` when there is one with its id
   */
  registerNode(node: NewConsensusNode): Promise<ConsensusNode>
  /** The node with this id, or `undefined`. */
  getNode(nodeId: string): Promise<ConsensusNode | undefined>
  /**
   * Replaces some members of a node. Votes that were cast keep their weight. @returns it as it is stored
   * @throws `NOT_FOUND` for an unknown node
   */
  updateNode(nodeId: string, change: ConsensusNodeChange): Promise<ConsensusNode>
  /** Says that a node was heard of now; a time that is later already stays. @throws `NOT_FOUND` for an unknown node */
  recordHeartbeat(nodeId: string): Promise<ConsensusNode>
  /** The nodes that match, by their ids: an array of at most `limit`, 100 unless said otherwise. */
  listNodes(options?: ConsensusNodeListOptions): Promise<ConsensusNode[]>
  /** As `listNodes`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageNodes(options?: ConsensusNodeListOptions): Promise<RecordPage<ConsensusNode>>
  /** As `listNodes`, all of them, page by page; `limit` is the size of a page. */
  iterateNodes(options?: ConsensusNodeListOptions): AsyncGenerator<ConsensusNode, void, undefined>
}

const BY_ID = { node_id: 'asc' } as const

/** Makes the node methods of one handle. */
export function consensusNodeMethods(store: BaseStore): ConsensusNodeMethods {
  const collection = store.collection(consensusNodes)
  const replace = async (
    nodeId: string,
    change: (before: ConsensusNode) => Partial<ConsensusNode>,
  ): Promise<ConsensusNode> => {
    let after: ConsensusNode | undefined
    await collection.update(checkedId(nodeId, 'node_id', consensusNodes.name), (before) => {
      after = { ...before, ...change(before) }
      return after
    })
    return after as ConsensusNode
  }
  const lists = listsOf(collection, BY_ID)
  return {
    registerNode: async (given) => {
      const {
        status = 'active',
        weight = 1,
        ...rest
      } = checkedRecord(newConsensusNode, given, 'registerNode')
      const registered_at = store.now().toISOString()
      const node = { ...rest, status, weight, registered_at, last_heartbeat: null }
      await collection.insert(node)
      return node
    },
    getNode: async (nodeId) => collection.get(checkedId(nodeId, 'node_id', consensusNodes.name)),
    updateNode: async (nodeId, given) => {
      // What is undefined has been left out.
      const change = checkedRecord(consensusNodeChange, given, 'updateNode') as Partial<ConsensusNode>
      return replace(nodeId, () => change)
    },
    recordHeartbeat: (nodeId) =>
      replace(nodeId, ({ last_heartbeat }) => {
        const now = store.now().toISOString()
        // Of two that meet the later stays, whichever is stored last.
        return { last_heartbeat: last_heartbeat !== null && last_heartbeat > now ? last_heartbeat : now }
      }),
    listNodes: lists.array,
    pageNodes: lists.page,
    iterateNodes: lists.iterate,
  }
}

/**
 * The node that an argument names, which must be active.
 *
 * @throws `NOT_FOUND` for an unknown one, `VERSION_CONFLICT` for one that is not active
 */
export async function activeNode(
  transaction: BaseStore,
  nodeId: string,
  argument: string,
): Promise<ConsensusNode> {
  const node = await transaction.collection(consensusNodes).get(nodeId)
  if (node === undefined) throw missing(consensusNodes, argument, nodeId)
  if (node.status === 'active') return node
  throw conflicting(consensusNodes, `the node that '${argument}' names is not active`, nodeId)
}
