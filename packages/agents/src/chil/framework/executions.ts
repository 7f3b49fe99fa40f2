/** The methods for executions and their checkpoints: who works on one, what it has come to, where to go on. */

import type { BaseStore, RecordPage } from '@coffer/core'
import * as z from 'zod'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { checked, nameText } from '../checked.ts'
import { conflicting } from '../refusals.ts'
import {
  type FrameworkCheckpoint,
  frameworkCheckpoint,
  frameworkCheckpoints,
} from './framework-checkpoint.ts'
import {
  type FrameworkExecution,
  frameworkExecution,
  frameworkExecutions,
  type NewFrameworkExecution,
  newFrameworkExecution,
} from './framework-execution.ts'

/** Which executions: equal values or operators for each field, all of which must hold, and the paging. */
export type ExecutionListOptions = ListOptions<
  | 'execution_id'
  | 'framework'
  | 'status'
  | 'attempt'
  | 'progress'
  | 'started_at'
  | 'updated_at'
  | 'finished_at'
  | 'duration_ms'
>

/** Which checkpoints, as for executions. */
export type CheckpointListOptions = ListOptions<
  'checkpoint_id' | 'execution_id' | 'sequence' | 'attempt' | 'progress' | 'created_at'
>

/** Who works on an execution: its record as `startExecution` or `resumeExecution` gave it, or these two members. */
export type ExecutionRun = Pick<FrameworkExecution, 'execution_id' | 'attempt'>

/** What `reportProgress` takes. */
export interface ProgressReport {
  /** 0 to 1. It may go back. */
  readonly progress: number
  /** What the execution is at, in words. Default: nothing. */
  readonly note?: string | undefined
}

/** An execution that goes on, and where. */
export interface ResumedExecution {
  readonly execution: FrameworkExecution
  /** The latest checkpoint; `undefined` when it has to begin anew. */
  readonly checkpoint: FrameworkCheckpoint | undefined
}

/**
 * Methods for executions. Those that take a run fail with `NOT_FOUND` for an unknown execution, and with
 * `VERSION_CONFLICT` when the execution is over or has been resumed since, so that of two processes that
 * believe to work on one execution only the later goes on.
 */
export interface ExecutionMethods {
  /** Starts an execution. @throws `ALREADY_EXISTS` when there is one with its id */
  startExecution(execution: NewFrameworkExecution): Promise<FrameworkExecution>
  /** Says how far it is; `updated_at` tells that it lives. */
  reportProgress(run: ExecutionRun, report: ProgressReport): Promise<FrameworkExecution>
  /** Ends it well, with any JSON as its output, and takes its time. */
  finishExecution(run: ExecutionRun, output?: unknown): Promise<FrameworkExecution>
  /** Ends it badly, and takes its time. It can be resumed. */
  failExecution(run: ExecutionRun, error: string): Promise<FrameworkExecution>
  /**
   * Takes an execution over that has failed, or whose process is gone, as it was read: `attempt` and `updated_at`,
   * a time in milliseconds, must still be so. Of several who resume at once exactly one does. The process before
   * can do nothing more.
   *
   * @throws `NOT_FOUND` for an unknown execution, `VERSION_CONFLICT` when it has finished, was resumed by
   *   another, or was heard of since
   */
  resumeExecution(execution: ExecutionRun & { readonly updated_at: string }): Promise<ResumedExecution>
  /** The execution with this id, or `undefined`; never from the cache, since it is resumed as it was read. */
  getExecution(executionId: string): Promise<FrameworkExecution | undefined>
  /**
   * The executions that match, newest first by `started_at`, ties by id: an array of at most `limit`, 100 unless
   * said otherwise. Those that may be dead: `{ status: 'running', updated_at: { lt: … } }`.
   */
  listExecutions(options?: ExecutionListOptions): Promise<FrameworkExecution[]>
  /** As `listExecutions`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageExecutions(options?: ExecutionListOptions): Promise<RecordPage<FrameworkExecution>>
  /** As `listExecutions`, all of them, page by page. */
  iterateExecutions(options?: ExecutionListOptions): AsyncGenerator<FrameworkExecution, void, undefined>
  /**
   * Removes an execution with its checkpoints and metrics. @returns true when there was one
   *
   * An execution that is started anew with its id begins at attempt 1, and a process that still works on the removed
   * one can't be told from the new one's: remove what is over, or start under another id.
   *
   * @throws `LIMIT_EXCEEDED` where those are more than 100,000
   */
  deleteExecution(executionId: string): Promise<boolean>
}

/** Methods for checkpoints. */
export interface CheckpointMethods {
  /** Keeps a state to go on from, any JSON, as the next checkpoint of the execution. Fails as `reportProgress`. */
  saveCheckpoint(run: ExecutionRun, state: unknown): Promise<FrameworkCheckpoint>
  /** The checkpoint that was saved last, or `undefined`. */
  latestCheckpoint(executionId: string): Promise<FrameworkCheckpoint | undefined>
  /** The checkpoints that match, latest first: an array of at most `limit`, 100 unless said otherwise. */
  listCheckpoints(options?: CheckpointListOptions): Promise<FrameworkCheckpoint[]>
  /** As `listCheckpoints`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageCheckpoints(options?: CheckpointListOptions): Promise<RecordPage<FrameworkCheckpoint>>
}

const NEWEST_FIRST = { started_at: 'desc' } as const
const LATEST_FIRST = [{ sequence: 'desc' }, { execution_id: 'asc' }] as const
const runMembers = z.object({ execution_id: z.string(), attempt: z.int() })
const readMembers = runMembers.extend({ updated_at: z.string() })
const progressReport = z.strictObject({
  progress: z.number().min(0).max(1),
  note: z.string().optional(),
})
const newCheckpoint = frameworkCheckpoint.pick({ state: true })
const executionEnd = frameworkExecution.pick({ output: true })

/** Makes the execution methods of one handle. */
export function executionMethods(store: BaseStore): ExecutionMethods {
  const collection = store.collection(frameworkExecutions)
  const lists = listsOf(collection, NEWEST_FIRST)
  return {
    startExecution: async (execution) => startExecution(store, execution),
    reportProgress: async (run, report) => {
      const { progress, note = null } = checked(progressReport, report, 'reportProgress')
      return change(store, 'reportProgress', run, () => ({ progress, progress_note: note }))
    },
    finishExecution: async (run, output) => {
      const end = checkedRecord(executionEnd, { output }, 'finishExecution')
      return change(store, 'finishExecution', run, (before, now) => ({
        ...ended(before, now),
        status: 'finished',
        progress: 1,
        ...end,
      }))
    },
    failExecution: async (run, error) => {
      const reason = checked(nameText, error, 'failExecution: error')
      return change(store, 'failExecution', run, (before, now) => ({
        ...ended(before, now),
        status: 'failed',
        error: reason,
      }))
    },
    resumeExecution: async (execution) => resumeExecution(store, execution),
    getExecution: async (executionId) =>
      collection.get(checkedId(executionId, 'executionId', frameworkExecutions.name), {
        consistency: 'strong',
      }),
    listExecutions: lists.array,
    pageExecutions: lists.page,
    iterateExecutions: lists.iterate,
    deleteExecution: async (executionId) =>
      collection.delete(checkedId(executionId, 'executionId', frameworkExecutions.name)),
  }
}

/** Makes the checkpoint methods of one handle. */
export function checkpointMethods(store: BaseStore): CheckpointMethods {
  const collection = store.collection(frameworkCheckpoints)
  const lists = listsOf(collection, LATEST_FIRST)
  return {
    saveCheckpoint: async (run, state) => saveCheckpoint(store, run, state),
    latestCheckpoint: async (executionId) =>
      latestCheckpoint(store, checkedId(executionId, 'executionId', frameworkCheckpoints.name)),
    listCheckpoints: lists.array,
    pageCheckpoints: lists.page,
  }
}

async function startExecution(store: BaseStore, given: NewFrameworkExecution): Promise<FrameworkExecution> {
  const asked = checkedRecord(newFrameworkExecution, given, 'startExecution')
  const now = store.now().toISOString()
  const execution: FrameworkExecution = {
    ...asked,
    status: 'running',
    attempt: 1,
    progress: 0,
    progress_note: null,
    last_checkpoint: 0,
    error: null,
    started_at: now,
    updated_at: now,
    finished_at: null,
    duration_ms: null,
  }
  await store.collection(frameworkExecutions).insert(execution)
  return execution
}

/** Changes an execution for the run that works on it. */
async function change(
  store: BaseStore,
  method: string,
  run: ExecutionRun,
  changes: (before: FrameworkExecution, now: Date) => Partial<FrameworkExecution>,
): Promise<FrameworkExecution> {
  const { execution_id, attempt } = checked(runMembers, run, method)
  return replace(store, execution_id, (before, now) => {
    if (before.status !== 'running')
      throw conflicting(frameworkExecutions, `the execution has ${before.status}`, execution_id)
    if (before.attempt !== attempt)
      throw conflicting(frameworkExecutions, 'the execution was resumed by another', execution_id)
    return changes(before, now)
  })
}

async function replace(
  store: BaseStore,
  executionId: string,
  changes: (before: FrameworkExecution, now: Date) => Partial<FrameworkExecution>,
): Promise<FrameworkExecution> {
  let after: FrameworkExecution | undefined
  await store.collection(frameworkExecutions).update(executionId, (before) => {
    const now = store.now()
    after = { ...before, updated_at: now.toISOString(), ...changes(before, now) }
    return after
  })
  return after as unknown as FrameworkExecution
}

function ended({ started_at }: FrameworkExecution, now: Date): Partial<FrameworkExecution> {
  return { finished_at: now.toISOString(), duration_ms: now.getTime() - Date.parse(started_at) }
}

async function resumeExecution(
  store: BaseStore,
  given: ExecutionRun & { readonly updated_at: string },
): Promise<ResumedExecution> {
  const { execution_id, attempt, updated_at } = checked(readMembers, given, 'resumeExecution')
  return store.transaction(async (transaction) => {
    const execution = await replace(transaction, execution_id, (before) => {
      if (before.status === 'finished')
        throw conflicting(frameworkExecutions, 'the execution has finished', execution_id)
      if (before.attempt !== attempt || before.updated_at !== updated_at) {
        const problem = 'the execution was resumed or heard of since it was read'
        throw conflicting(frameworkExecutions, problem, execution_id)
      }
      const running = { status: 'running', error: null, finished_at: null, duration_ms: null } as const
      return { ...running, attempt: attempt + 1 }
    })
    return { execution, checkpoint: await latestCheckpoint(transaction, execution_id) }
  })
}

async function saveCheckpoint(
  store: BaseStore,
  run: ExecutionRun,
  given: unknown,
): Promise<FrameworkCheckpoint> {
  const { state } = checkedRecord(newCheckpoint, { state: given }, 'saveCheckpoint')
  return store.transaction(async (transaction) => {
    const execution = await change(transaction, 'saveCheckpoint', run, (before) => ({
      last_checkpoint: before.last_checkpoint + 1,
    }))
    const { execution_id, last_checkpoint: sequence, attempt, progress, updated_at } = execution
    const checkpoint: FrameworkCheckpoint = {
      checkpoint_id: compositeKey(execution_id, `${sequence}`),
      execution_id,
      sequence,
      attempt,
      state,
      progress,
      created_at: updated_at,
    }
    await transaction.collection(frameworkCheckpoints).insert(checkpoint)
    return checkpoint
  })
}

function latestCheckpoint(store: BaseStore, executionId: string): Promise<FrameworkCheckpoint | undefined> {
  return store.collection(frameworkCheckpoints).findOne({
    where: { execution_id: executionId },
    orderBy: { sequence: 'desc' },
  })
}
