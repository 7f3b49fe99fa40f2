/** Checkpoints of executions: states to go on from, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { anyJson } from '../checked.ts'
import { frameworkExecutions } from './framework-execution.ts'

/** A checkpoint as it is stored. `state` is any JSON. */
export const frameworkCheckpoint = z.strictObject({
  /** Made of the execution and the sequence. */
  checkpoint_id: z.string(),
  execution_id: z.string(),
  /** The place among the checkpoints of the execution, from 1 without a gap. */
  sequence: z.int(),
  /** The attempt that saved it. */
  attempt: z.int(),
  state: anyJson,
  /** The progress of the execution at the time, 0 to 1. */
  progress: z.number(),
  created_at: isoTimestamp,
})

/** A checkpoint as the store gives it: what the schema `frameworkCheckpoint` describes. */
export type FrameworkCheckpoint = z.output<typeof frameworkCheckpoint>

/** The table `framework_checkpoints`. Checkpoints go when their execution does. */
export const frameworkCheckpoints = defineCollection({
  name: 'framework_checkpoints',
  schema: frameworkCheckpoint,
  key: 'checkpoint_id',
  fields: {
    checkpoint_id: 'column',
    execution_id: 'column',
    sequence: 'column',
    attempt: 'column',
    state: 'json',
    progress: 'column',
    created_at: 'column',
  },
  indexes: [['execution_id', 'sequence']],
  references: { execution_id: { collection: frameworkExecutions.name, onDelete: 'cascade' } },
})
