/** The workflow methods of the state store. */

import { isDeepStrictEqual } from 'node:util'
import { type BaseStore, type Entry, type RecordPage, StoreError } from '@coffer/core'
import { checkedRecord } from '../checked-record.ts'
import { checkedId } from '../id-text.ts'
import { checkListOptions, findListed, type ListOptions } from '../listing.ts'
import { checkedGuard, holdGuard, type StateGuard } from './guard.ts'
import { checkedTask, loadTasks, MAX_TASKS, storedTask, storedTasks, tooManyTasks } from './task-methods.ts'
import { type StoredTask, type TaskState, taskStates } from './task-state.ts'
import { handleOf } from './tenancy.ts'
import {
  type LoadedWorkflowState,
  type StoredWorkflow,
  type WorkflowState,
  type WorkflowSummary,
  workflowState,
  workflowStates,
} from './workflow-state.ts'

/**
 * Which workflows: equal values or operators for each field, all of which must hold, the paging, and whose.
 * A time range is `updatedAt: { gte, lt }`.
 */
export type WorkflowListOptions = ListOptions<
  'workflowId' | 'status' | 'startedAt' | 'completedAt' | 'createdAt' | 'updatedAt'
> & { readonly tenantId?: string | undefined }

/** Methods for workflows. */
export interface WorkflowMethods {
  /**
   * Stores a workflow with its tasks, all of it or nothing, over whatever has its id. What is saved is what
   * is loaded: tasks that are stored and not in `taskStates` are removed; those that say the same stay
   * untouched.
   *
   * @returns the version of the workflow
   * @throws `VERSION_CONFLICT` when the guard does not hold, `LIMIT_EXCEEDED` for more than 10,000 tasks,
   *   `INVALID_ARGUMENT` where a task stands under another id than its own
   */
  saveWorkflowState(state: WorkflowState, guard?: StateGuard): Promise<number>
  /**
   * The workflow with its tasks, as one moment has them, and the `version` to guard a write with;
   * `undefined` where there is none. Another tenant's workflow is not there.
   */
  loadWorkflowState(
    workflowId: string,
    tenantId?: string | undefined,
  ): Promise<LoadedWorkflowState | undefined>
  /**
   * The workflows that match, without their tasks, newest first by `createdAt`, ties by id: an array of at
   * most `limit`, 100 unless said otherwise.
   */
  listWorkflowStates(options?: WorkflowListOptions): Promise<WorkflowSummary[]>
  /** As `listWorkflowStates`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageWorkflowStates(options?: WorkflowListOptions): Promise<RecordPage<WorkflowSummary>>
  /** As `listWorkflowStates`, all of them, page by page; `limit` is the size of a page. */
  iterateWorkflowStates(options?: WorkflowListOptions): AsyncGenerator<WorkflowSummary, void, undefined>
  /**
   * Removes a workflow with its tasks.
   *
   * @returns true when there was one
   * @throws `VERSION_CONFLICT` when the guard does not hold
   */
  deleteWorkflowState(workflowId: string, tenantId?: string | undefined, guard?: StateGuard): Promise<boolean>
}

/** The creation never changes, so that whoever pages through running workflows may write them meanwhile. */
const NEWEST_FIRST = { createdAt: 'desc' } as const

/** Makes the workflow methods of one handle. */
export function workflowMethods(store: BaseStore): WorkflowMethods {
  const page = async (options: WorkflowListOptions = {}): Promise<RecordPage<WorkflowSummary>> => {
    checkListOptions(options)
    const { tenantId, ...asked } = options
    const handle = handleOf(store, tenantId)
    const workflows = handle.collection(workflowStates)
    const entries = { find: workflows.findEntries.bind(workflows) }
    const { records, next } = await findListed(entries, asked, NEWEST_FIRST)
    return { records: records.map((entry) => summaryOf(handle, entry)), next }
  }
  return {
    saveWorkflowState: async (state, guard) => saveWorkflow(store, state, guard),
    loadWorkflowState: async (workflowId, tenantId) => {
      const handle = handleOf(store, tenantId)
      checkedId(workflowId, 'workflowId', workflowStates.name)
      return handle.transaction(async (transaction) => {
        const entry = await transaction.collection(workflowStates).getEntry(workflowId)
        if (entry === undefined) return undefined
        return { ...summaryOf(handle, entry), taskStates: await loadTasks(transaction, workflowId) }
      })
    },
    listWorkflowStates: async (options) => (await page(options)).records,
    pageWorkflowStates: page,
    iterateWorkflowStates: async function* (options = {}) {
      checkListOptions(options)
      let { cursor } = options
      do {
        const next = cursor === undefined ? options : { ...options, offset: 0, cursor }
        const { records, next: following }: RecordPage<WorkflowSummary> = await page(next)
        yield* records
        cursor = following
      } while (cursor !== undefined)
    },
    deleteWorkflowState: async (workflowId, tenantId, guard = {}) => {
      const handle = handleOf(store, tenantId)
      const checked = checkedGuard(guard, `${workflowStates.name}: deleteWorkflowState`)
      checkedId(workflowId, 'workflowId', workflowStates.name)
      return handle.transaction(async (transaction) => {
        const workflows = transaction.collection(workflowStates)
        const before = await workflows.getEntry(workflowId)
        holdGuard(before, checked, { collection: workflowStates.name, key: workflowId })
        return workflows.delete(workflowId)
      })
    },
  }
}

async function saveWorkflow(store: BaseStore, state: WorkflowState, guard: StateGuard = {}): Promise<number> {
  const checked = checkedGuard(guard, `${workflowStates.name}: saveWorkflowState`)
  const { workflow, tasks, tenantId } = checkedWorkflow(state)
  return handleOf(store, tenantId).transaction(async (transaction) => {
    const workflows = transaction.collection(workflowStates)
    const before = await workflows.getEntry(workflow.workflowId)
    holdGuard(before, checked, { collection: workflowStates.name, key: workflow.workflowId })
    const now = transaction.now()
    const createdAt = before?.record.createdAt ?? now
    const version = await workflows.put({ ...workflow, createdAt, updatedAt: now })
    await replaceTasks(transaction, workflow.workflowId, tasks, now)
    return version
  })
}

async function replaceTasks(
  transaction: BaseStore,
  workflowId: string,
  given: readonly TaskState[],
  now: Date,
): Promise<void> {
  const tasks = transaction.collection(taskStates)
  const stored = new Map(
    (await storedTasks(transaction, workflowId)).map(({ record }) => [record.taskId, record]),
  )
  const next: StoredTask[] = []
  for (const task of given) {
    const before = stored.get(task.taskId)
    stored.delete(task.taskId)
    const after = storedTask(workflowId, task, now)
    if (!isDeepStrictEqual({ ...before, updatedAt: after.updatedAt }, after)) next.push(after)
  }
  await tasks.putMany(next)
  await tasks.deleteMany([...stored.values()].map(({ taskKey }) => taskKey))
}

/** A workflow as it is to be stored, and its tasks, all checked and copied. */
interface CheckedWorkflow {
  readonly workflow: Omit<StoredWorkflow, 'createdAt' | 'updatedAt'>
  readonly tasks: readonly TaskState[]
  readonly tenantId: string | undefined
}

const withoutTasks = workflowState.omit({ taskStates: true })

function checkedWorkflow(state: WorkflowState): CheckedWorkflow {
  const { taskStates: given, ...rest } = (state ?? {}) as Partial<WorkflowState>
  const { tenantId, createdAt, updatedAt, version, ...workflow } = checkedRecord(
    withoutTasks,
    rest,
    workflowStates.name,
  )
  if (!(given instanceof Map)) throw refusal('taskStates: it takes a Map of tasks by their taskId')
  if (given.size > MAX_TASKS) throw tooManyTasks()
  const tasks = [...given].map(([taskId, task], index) => {
    const checked = checkedTask(task, index)
    if (checked.taskId !== taskId)
      throw refusal(`taskStates: a task stands under another id than its own (item ${index})`, index)
    return checked
  })
  return { workflow, tasks, tenantId }
}

function summaryOf({ tenantName }: BaseStore, { record, version }: Entry<StoredWorkflow>): WorkflowSummary {
  return { ...record, tenantId: tenantName, version }
}

function refusal(problem: string, index?: number): StoreError {
  const collection = workflowStates.name
  return new StoreError('INVALID_ARGUMENT', `${collection}: ${problem}`, { collection, index })
}
