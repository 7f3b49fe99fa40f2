/** Executions of frameworks: their life, their progress and their timings, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'

/**
 * An execution as it is stored. Times are ISO 8601 timestamps in UTC with milliseconds, by the store's clock.
 * Members that are not named here are refused; `metadata` takes anything.
 */
export const frameworkExecution = z.strictObject({
  execution_id: idText,
  /** The framework's name. */
  framework: nameText,
  status: z.enum(['running', 'finished', 'failed']),
  /** 1, and one more each time it is resumed: whoever works under an older number works no more. */
  attempt: z.int(),
  /** 0 to 1. */
  progress: z.number().min(0).max(1),
  /** What it is at, in words. */
  progress_note: z.string().nullable(),
  /** The `sequence` of its latest checkpoint; 0 while there is none. */
  last_checkpoint: z.int(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  /** Why it failed. */
  error: z.string().nullable(),
  started_at: isoTimestamp,
  /** The last that was heard of it. */
  updated_at: isoTimestamp,
  finished_at: isoTimestamp.nullable(),
  /** From `started_at` to `finished_at`, pauses included. */
  duration_ms: z.number().nullable(),
  metadata: metadata.optional(),
})

/** An execution as the store gives it: what the schema `frameworkExecution` describes. */
export type FrameworkExecution = z.output<typeof frameworkExecution>

/** What a new execution is made from. */
export const newFrameworkExecution = frameworkExecution.pick({
  execution_id: true,
  framework: true,
  input: true,
  metadata: true,
})

/** An execution to be started. */
export type NewFrameworkExecution = z.output<typeof newFrameworkExecution>

/** The table `framework_executions`. */
export const frameworkExecutions = defineCollection({
  name: 'framework_executions',
  schema: frameworkExecution,
  key: 'execution_id',
  fields: {
    execution_id: 'column',
    framework: 'column',
    status: 'column',
    attempt: 'column',
    progress: 'column',
    started_at: 'index',
    updated_at: 'column',
    finished_at: 'column',
    duration_ms: 'column',
    metadata: 'json',
  },
  indexes: [
    ['framework', 'started_at'],
    ['status', 'updated_at'],
  ],
})
