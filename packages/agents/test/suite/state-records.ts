/** Workflows and tasks to test with. */

import assert from 'node:assert/strict'
import type { LoadedWorkflowState, TaskState, WorkflowState } from '../../src/index.ts'

export function aTask(taskId: string, more: Partial<TaskState> = {}): TaskState {
  return { taskId, status: 'pending', ...more }
}

export function aWorkflow(workflowId: string, more: Partial<WorkflowState> = {}): WorkflowState {
  return { workflowId, status: 'running', taskStates: new Map(), ...more }
}

export function tasksOf(...tasks: readonly TaskState[]): Map<string, TaskState> {
  return new Map(tasks.map((task) => [task.taskId, task]))
}

/** What callers save again, without what only the store tells. */
export function saved(loaded: LoadedWorkflowState | undefined): WorkflowState {
  assert.ok(loaded)
  const { tenantId: _tenant, createdAt: _created, updatedAt: _updated, version: _version, ...rest } = loaded
  const tasks = [...loaded.taskStates.values()].map(({ updatedAt: _at, version: _task, ...task }) => task)
  return { ...rest, taskStates: tasksOf(...tasks) }
}
