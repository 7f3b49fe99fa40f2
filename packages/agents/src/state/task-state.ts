/** The state of one task of a workflow, after Aureus' PostgresStateStore. */

import { defineCollection, isoDate } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../id-text.ts'
import { metadata } from '../registry/json-member.ts'

/**
 * One task of a workflow. Times are `Date`s. Members that are not named here are refused; `metadata`,
 * `error` and `result` take any JSON. `updatedAt` and `version` are told by the store: in what is saved
 * they are passed over, so that what was loaded can be saved.
 */
export const taskState = z.strictObject({
  /** Unique within its workflow. */
  taskId: idText,
  /** Such as `pending`, `running`, `completed`, `failed` or `skipped`; any text. */
  status: z.string(),
  /** How often the task was tried again. */
  retryCount: z.int().min(0).optional(),
  startedAt: isoDate.nullish(),
  completedAt: isoDate.nullish(),
  error: z.unknown().optional(),
  result: z.unknown().optional(),
  metadata: metadata.optional(),
  updatedAt: isoDate.optional(),
  version: z.int().optional(),
})

/** A task as it is saved: what the schema `taskState` describes. */
export type TaskState = z.output<typeof taskState>

/** A task as it is loaded. */
export type LoadedTaskState = TaskState & {
  /** When the task was last changed, by the store's clock. */
  readonly updatedAt: Date
  /** For `ifVersion` of the task's own writes. */
  readonly version: number
}

/** The table `task_states`. A task goes with its workflow. */
export const taskStates = defineCollection({
  name: 'task_states',
  schema: taskState
    .omit({ version: true })
    .extend({ taskKey: z.string(), workflowId: idText, updatedAt: isoDate }),
  key: 'taskKey',
  fields: {
    workflowId: 'index',
    taskId: 'column',
    status: 'column',
    retryCount: 'column',
    startedAt: 'column',
    completedAt: 'column',
    updatedAt: 'column',
    error: 'json',
    result: 'json',
    metadata: 'json',
  },
  references: { workflowId: { collection: 'workflow_states', onDelete: 'cascade' } },
})

/** A task as it is stored. */
export type StoredTask = z.output<(typeof taskStates)['schema']>
