/** Nodes that propose and vote, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'

/** The greatest weight of a node: the weights of nine million nodes still add up exactly. */
const MAX_WEIGHT = 1_000_000_000

/** Only an active node may propose and vote, and only active nodes count for a quorum. */
export const consensusNodeStatus = z.enum(['active', 'inactive', 'failed', 'syncing'])

/**
 * A node as it is stored. Times are ISO 8601 timestamps in UTC with milliseconds, by the store's clock.
 * Members that are not named here are refused; `metadata` takes anything.
 */
export const consensusNode = z.strictObject({
  node_id: idText,
  address: nameText.optional(),
  public_key: nameText.optional(),
  status: consensusNodeStatus,
  /** What its votes weigh, a whole number from 0 to 1,000,000,000. */
  weight: z.int().min(0).max(MAX_WEIGHT),
  registered_at: isoTimestamp,
  last_heartbeat: isoTimestamp.nullable(),
  metadata: metadata.optional(),
})

/** A node as the store gives it: what the schema `consensusNode` describes. */
export type ConsensusNode = z.output<typeof consensusNode>

/** What a new node is made from: it is active and weighs 1 unless said otherwise. */
export const newConsensusNode = consensusNode
  .omit({ registered_at: true, last_heartbeat: true })
  .partial({ status: true, weight: true })

/** A node to be registered. */
export type NewConsensusNode = z.output<typeof newConsensusNode>

/** What of a node can be changed. `metadata` is replaced as a whole. */
export const consensusNodeChange = newConsensusNode.omit({ node_id: true }).partial()

/** Members of a node to replace; `undefined` is not meant. */
export type ConsensusNodeChange = z.output<typeof consensusNodeChange>

/** The table `consensus_nodes`. */
export const consensusNodes = defineCollection({
  name: 'consensus_nodes',
  schema: consensusNode,
  key: 'node_id',
  fields: {
    node_id: 'column',
    address: 'column',
    status: 'column',
    weight: 'column',
    registered_at: 'column',
    last_heartbeat: 'column',
    metadata: 'json',
  },
  indexes: [['status', 'last_heartbeat']],
})
