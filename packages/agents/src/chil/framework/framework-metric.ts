/** Metrics of frameworks: numbers with a name and a time, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { frameworkExecutions } from './framework-execution.ts'

/** A metric as it is stored. Members that are not named here are refused; `metadata` takes anything. */
export const frameworkMetric = z.strictObject({
  metric_id: idText,
  framework: nameText,
  /** The execution that was measured; it must be there, and takes its metrics along. */
  execution_id: idText.optional(),
  /** What was measured. */
  name: nameText,
  value: z.number(),
  /** Such as `ms` or `tokens`; any text. */
  unit: z.string().optional(),
  recorded_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** A metric as the store gives it: what the schema `frameworkMetric` describes. */
export type FrameworkMetric = z.output<typeof frameworkMetric>

/** What a new metric is made from: an id is made, and the present instant is taken, where none is given. */
export const newFrameworkMetric = frameworkMetric.partial({ metric_id: true, recorded_at: true })

/** A metric to be recorded. */
export type NewFrameworkMetric = z.output<typeof newFrameworkMetric>

/** The table `framework_metrics`. */
export const frameworkMetrics = defineCollection({
  name: 'framework_metrics',
  schema: frameworkMetric,
  key: 'metric_id',
  fields: {
    metric_id: 'column',
    framework: 'column',
    execution_id: 'index',
    name: 'column',
    value: 'column',
    unit: 'column',
    recorded_at: 'index',
    metadata: 'json',
  },
  indexes: [['framework', 'name', 'recorded_at']],
  references: { execution_id: { collection: frameworkExecutions.name, onDelete: 'cascade' } },
})
