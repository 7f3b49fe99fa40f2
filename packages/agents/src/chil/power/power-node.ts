/** Nodes that hold power, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'

/**
 * An amount of power, counted in whole units of whatever is smallest: whole numbers up to 2^53−1 are exact on
 * every engine, fractions are not. Who deals in hundredths counts hundredths.
 */
export const powerAmount = amountFrom(0)

/** The schema of an amount of at least so much. */
export function amountFrom(least: number): z.ZodNumber {
  const error = `expected a whole number from ${least} to 2^53−1, counted in the smallest unit`
  return z.int({ error, abort: true }).min(least, error)
}

/**
 * A node as it is stored. Times are ISO 8601 timestamps in UTC with milliseconds, by the store's clock.
 * Members that are not named here are refused; `metadata` takes anything.
 */
export const powerNode = z.strictObject({
  node_id: idText,
  /** Such as `agent`, `human`, `system` or `organization`; any text. */
  node_type: nameText,
  /** What the node holds. Given when it is created, moved by transfers, never set. */
  amount: powerAmount,
  created_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** A node as the store gives it: what the schema `powerNode` describes. */
export type PowerNode = z.output<typeof powerNode>

/** What a new node is made from; it holds nothing unless an `amount` is given. */
export const newPowerNode = powerNode.omit({ created_at: true }).partial({ amount: true })

/** A node to be created. */
export type NewPowerNode = z.output<typeof newPowerNode>

/** What of a node can be changed. `metadata` is replaced as a whole. */
export const powerNodeChange = powerNode.pick({ node_type: true, metadata: true }).partial()

/** Members of a node to replace; `undefined` is not meant. */
export type PowerNodeChange = z.output<typeof powerNodeChange>

/** The table `power_nodes`. */
export const powerNodes = defineCollection({
  name: 'power_nodes',
  schema: powerNode,
  key: 'node_id',
  fields: { node_id: 'column', node_type: 'index', amount: 'index', created_at: 'column', metadata: 'json' },
})
