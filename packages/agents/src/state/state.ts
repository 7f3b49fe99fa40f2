/** The state store: workflows and their tasks, after Aureus' PostgresStateStore. */

import { defineModule } from '@coffer/core'
import { type TaskMethods, taskMethods } from './task-methods.ts'
import { taskStates } from './task-state.ts'
import { type WorkflowMethods, workflowMethods } from './workflow-methods.ts'
import { workflowStates } from './workflow-state.ts'

/**
 * The methods of the state store. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is
 * stored. Each is for one tenant: the one that its `tenantId` names, else that of the handle. A handle got
 * from `store.tenant()` refuses to name another.
 */
export interface StateMethods extends WorkflowMethods, TaskMethods {}

/** The state store, as a module for `createStore`. */
export const state = defineModule<StateMethods>({
  collections: { workflowStates, taskStates },
  methods: (store) => ({ ...workflowMethods(store), ...taskMethods(store) }),
})
