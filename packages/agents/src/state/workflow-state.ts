/** The state of a workflow with its tasks, after Aureus' PostgresStateStore. */

import { defineCollection, isoDate } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../id-text.ts'
import { metadata } from '../registry/json-member.ts'
import { type LoadedTaskState, taskState } from './task-state.ts'

/**
 * A workflow with its tasks. Times are `Date`s. Members that are not named here are refused; `metadata`,
 * `error` and `result` take any JSON. `createdAt`, `updatedAt` and `version` are told by the store: in what
 * is saved they are passed over, so that what was loaded can be saved.
 */
export const workflowState = z.strictObject({
  /** Unique within its tenant. */
  workflowId: idText,
  /** Such as `pending`, `running`, `paused`, `completed` or `failed`; any text. */
  status: z.string(),
  /** The tasks by their `taskId`, at most 10,000. They come back in the order of their ids. */
  taskStates: z.map(z.string(), taskState),
  /** Default: the tenant of the store's handle. */
  tenantId: z.string().optional(),
  startedAt: isoDate.nullish(),
  completedAt: isoDate.nullish(),
  error: z.unknown().optional(),
  result: z.unknown().optional(),
  metadata: metadata.optional(),
  createdAt: isoDate.optional(),
  updatedAt: isoDate.optional(),
  version: z.int().optional(),
})

/** A workflow as it is saved: what the schema `workflowState` describes. */
export type WorkflowState = z.output<typeof workflowState>

/** What the store tells of every workflow. */
interface KnownOfWorkflow {
  readonly tenantId: string
  /** When the workflow was first saved, by the store's clock. */
  readonly createdAt: Date
  /** When the workflow or one of its tasks was last changed, by the store's clock. */
  readonly updatedAt: Date
  /** For `ifVersion`. Every change of the workflow or of one of its tasks raises it. */
  readonly version: number
}

/** A workflow as lists tell it: without its tasks. */
export type WorkflowSummary = Omit<WorkflowState, 'taskStates' | keyof KnownOfWorkflow> & KnownOfWorkflow

/** A workflow as it is loaded. */
export type LoadedWorkflowState = WorkflowSummary & { readonly taskStates: Map<string, LoadedTaskState> }

/** The table `workflow_states`. The tenant is a column of every table. */
export const workflowStates = defineCollection({
  name: 'workflow_states',
  schema: workflowState
    .omit({ taskStates: true, tenantId: true, version: true })
    .extend({ createdAt: isoDate, updatedAt: isoDate }),
  key: 'workflowId',
  fields: {
    workflowId: 'column',
    status: 'column',
    startedAt: 'column',
    completedAt: 'column',
    createdAt: 'index',
    updatedAt: 'index',
    error: 'json',
    result: 'json',
    metadata: 'json',
  },
  indexes: [
    ['status', 'createdAt'],
    ['status', 'updatedAt'],
  ],
})

/** A workflow as it is stored: its tasks stand beside it. */
export type StoredWorkflow = z.output<(typeof workflowStates)['schema']>
