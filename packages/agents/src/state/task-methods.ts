/** The task methods of the state store. */

import { type BaseStore, type Entry, StoreError } from '@coffer/core'
import { checkedRecord } from '../checked-record.ts'
import { compositeKey } from '../composite-key.ts'
import { checkedId } from '../id-text.ts'
import { checkedGuard, holdGuard, type StateGuard } from './guard.ts'
import { type LoadedTaskState, type StoredTask, type TaskState, taskState, taskStates } from './task-state.ts'
import { handleOf } from './tenancy.ts'
import { workflowStates } from './workflow-state.ts'

/** The most tasks of one workflow. */
export const MAX_TASKS = 10_000
const PAGE_TASKS = 1_000

/** What of a task can be changed. `undefined` is not meant; `null` empties a member. */
export type TaskChange = {
  readonly [M in Exclude<keyof TaskState, 'taskId' | 'updatedAt' | 'version'>]?: TaskState[M] | undefined
}

/** Methods for the tasks of a workflow. Each write also raises the version of the workflow. */
export interface TaskMethods {
  /**
   * Stores a task of a workflow over whatever has its id there. The guard is about the task.
   *
   * @returns the version of the task
   * @throws `REFERENCE_VIOLATION` when there is no such workflow, `VERSION_CONFLICT` when the guard does not
   *   hold, `LIMIT_EXCEEDED` for a new task where the workflow has 10,000
   */
  saveTaskState(
    workflowId: string,
    task: TaskState,
    tenantId?: string | undefined,
    guard?: StateGuard,
  ): Promise<number>
  /** The tasks of a workflow by their ids, in the order of the ids; none for an unknown workflow. */
  loadTaskStates(workflowId: string, tenantId?: string | undefined): Promise<Map<string, LoadedTaskState>>
  /**
   * Replaces some members of a task: its status, its count of retries, its error. `metadata` as a whole.
   * The guard is about the task.
   *
   * @returns the version of the task
   * @throws `NOT_FOUND` for an unknown task or workflow, `VERSION_CONFLICT` when the guard does not hold
   */
  updateTaskState(
    workflowId: string,
    taskId: string,
    change: TaskChange,
    tenantId?: string | undefined,
    guard?: StateGuard,
  ): Promise<number>
}

const changeSchema = taskState.omit({ taskId: true, updatedAt: true, version: true }).partial()

/** Makes the task methods of one handle. */
export function taskMethods(store: BaseStore): TaskMethods {
  return {
    saveTaskState: async (workflowId, given, tenantId, guard = {}) => {
      const handle = handleOf(store, tenantId)
      const checked = checkedGuard(guard, `${taskStates.name}: saveTaskState`)
      checkedId(workflowId, 'workflowId', taskStates.name)
      const task = checkedTask(given)
      return handle.transaction(async (transaction) => {
        const tasks = transaction.collection(taskStates)
        const now = transaction.now()
        if (!(await touchWorkflow(transaction, workflowId, now))) throw withoutWorkflow(workflowId)
        const key = taskKey(workflowId, task.taskId)
        const before = await tasks.getEntry(key)
        holdGuard(before, checked, { collection: taskStates.name, key })
        if (before === undefined && (await tasks.count({ workflowId })) >= MAX_TASKS) throw tooManyTasks()
        return tasks.put(storedTask(workflowId, task, now))
      })
    },
    loadTaskStates: async (workflowId, tenantId) => {
      const handle = handleOf(store, tenantId)
      checkedId(workflowId, 'workflowId', taskStates.name)
      return handle.transaction((transaction) => loadTasks(transaction, workflowId))
    },
    updateTaskState: async (workflowId, taskId, given, tenantId, guard = {}) => {
      const handle = handleOf(store, tenantId)
      const checked = checkedGuard(guard, `${taskStates.name}: updateTaskState`)
      checkedId(workflowId, 'workflowId', taskStates.name)
      checkedId(taskId, 'taskId', taskStates.name)
      const change = checkedChange(given)
      return handle.transaction(async (transaction) => {
        const tasks = transaction.collection(taskStates)
        const key = taskKey(workflowId, taskId)
        const before = await tasks.getEntry(key)
        if (before === undefined) throw unknownTask(key)
        holdGuard(before, checked, { collection: taskStates.name, key })
        const updatedAt = transaction.now()
        await touchWorkflow(transaction, workflowId, updatedAt)
        return tasks.put({ ...before.record, ...change, updatedAt })
      })
    },
  }
}

/** A task as it is to be saved: checked, copied, without what only the store tells. */
export function checkedTask(given: unknown, index?: number): TaskState {
  const { updatedAt, version, ...task } = checkedRecord(taskState, given, taskStates.name, index)
  return task
}

/** A task as it is stored. */
export function storedTask(workflowId: string, task: TaskState, updatedAt: Date): StoredTask {
  return { ...task, taskKey: taskKey(workflowId, task.taskId), workflowId, updatedAt }
}

/** Every task of a workflow as it is stored, in the order of the ids. */
export async function storedTasks(transaction: BaseStore, workflowId: string): Promise<Entry<StoredTask>[]> {
  const tasks = transaction.collection(taskStates)
  const entries: Entry<StoredTask>[] = []
  let cursor: string | undefined
  do {
    const page = await tasks.findEntries({
      where: { workflowId },
      orderBy: 'taskId',
      limit: PAGE_TASKS,
      cursor,
    })
    entries.push(...page.records)
    cursor = page.next
  } while (cursor !== undefined)
  return entries
}

/** Every task of a workflow as callers get it. */
export async function loadTasks(
  transaction: BaseStore,
  workflowId: string,
): Promise<Map<string, LoadedTaskState>> {
  const entries = await storedTasks(transaction, workflowId)
  return new Map(
    entries.map(({ record: { taskKey: _key, workflowId: _workflow, ...task }, version }) => [
      task.taskId,
      { ...task, version },
    ]),
  )
}

/** The refusal of a workflow with too many tasks. */
export function tooManyTasks(): StoreError {
  return new StoreError('LIMIT_EXCEEDED', `${taskStates.name}: a workflow has at most ${MAX_TASKS} tasks`, {
    collection: taskStates.name,
  })
}

function taskKey(workflowId: string, taskId: string): string {
  return compositeKey(workflowId, taskId)
}

/** Raises the version of a workflow, which answers for its tasks too. @returns whether there is one */
async function touchWorkflow(transaction: BaseStore, workflowId: string, updatedAt: Date): Promise<boolean> {
  const workflows = transaction.collection(workflowStates)
  const workflow = await workflows.get(workflowId)
  if (workflow === undefined) return false
  await workflows.put({ ...workflow, updatedAt })
  return true
}

function checkedChange(given: unknown): Partial<StoredTask> {
  return checkedRecord(changeSchema, given, taskStates.name) as Partial<StoredTask>
}

function withoutWorkflow(workflowId: string): StoreError {
  return new StoreError(
    'REFERENCE_VIOLATION',
    `${taskStates.name}: there is no such workflow; save it before its tasks`,
    { collection: workflowStates.name, keys: [workflowId] },
  )
}

function unknownTask(key: string): StoreError {
  return new StoreError('NOT_FOUND', `${taskStates.name}: there is no such task in this workflow`, {
    collection: taskStates.name,
    keys: [key],
  })
}
