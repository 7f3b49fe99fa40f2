/** Metrics of nodes: numbers with a name and a time, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { powerNodes } from './power-node.ts'

/** A metric as it is stored. Members that are not named here are refused; `metadata` takes anything. */
export const powerMetric = z.strictObject({
  metric_id: idText,
  /** The node that was measured; it must be there, and takes its metrics along. Absent: the whole network. */
  node_id: idText.optional(),
  /** What was measured. */
  name: nameText,
  value: z.number(),
  recorded_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** A metric as the store gives it: what the schema `powerMetric` describes. */
export type PowerMetric = z.output<typeof powerMetric>

/** What a new metric is made from: an id is made, and the present instant is taken, where none is given. */
export const newPowerMetric = powerMetric.partial({ metric_id: true, recorded_at: true })

/** A metric to be recorded. */
export type NewPowerMetric = z.output<typeof newPowerMetric>

/** The table `power_metrics`. */
export const powerMetrics = defineCollection({
  name: 'power_metrics',
  schema: powerMetric,
  key: 'metric_id',
  fields: {
    metric_id: 'column',
    node_id: 'index',
    name: 'column',
    value: 'column',
    recorded_at: 'index',
    metadata: 'json',
  },
  indexes: [['name', 'recorded_at']],
  references: { node_id: { collection: powerNodes.name, onDelete: 'cascade' } },
})
