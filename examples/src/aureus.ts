/**
 * The persistence layer of Aureus, snippet by snippet in the order of its document, on any backend:
 * `node examples/src/aureus.ts [config.json]`, where the file holds what `createStore` takes.
 */

import { type AgentStore, createAgentStore } from '@coffer/agents'
import { givenConfig } from './given-config.ts'
import { bad, good, say, step, table } from './stage.ts'

async function stateStore({ state }: AgentStore): Promise<void> {
  step('State store: save a workflow', `await state.saveWorkflowState({ workflowId, … })`)
  const version = await state.saveWorkflowState({
    workflowId: 'workflow-1',
    status: 'running',
    taskStates: new Map(),
    tenantId: 'tenant-1',
  })
  good(`saved as version ${version}`)
  step('Load it', `await state.loadWorkflowState('workflow-1', 'tenant-1')`)
  const loaded = await state.loadWorkflowState('workflow-1', 'tenant-1')
  good(`${loaded?.workflowId} of ${loaded?.tenantId} is ${loaded?.status}`)
  const foreign = await state.loadWorkflowState('workflow-1', 'tenant-2')
  say(`to tenant-2 it is ${String(foreign)}`)
}

async function taskTracking({ state }: AgentStore): Promise<void> {
  step('Track a task: retries and errors', `await state.updateTaskState(workflow, task, …)`)
  await state.saveTaskState('workflow-1', { taskId: 'task-1', status: 'running' }, 'tenant-1')
  const failed = { status: 'failed', retryCount: 1, error: 'the tool timed out' }
  await state.updateTaskState('workflow-1', 'task-1', failed, 'tenant-1')
  const task = (await state.loadTaskStates('workflow-1', 'tenant-1')).get('task-1')
  good(`${task?.status} after ${task?.retryCount} retry: ${task?.error}`)
}

async function memoryStore(store: AgentStore): Promise<void> {
  step('Memory store: keep an entry', `await memories.storeEntry({ id: 'entry-1', … })`)
  await store.memories.storeEntry({
    id: 'entry-1',
    content: { data: 'important information' },
    type: 'episodic_note',
    provenance: { task_id: 'task-1', step_id: 'step-1', timestamp: store.now() },
    tags: ['important', 'user-interaction'],
  })
  good('stored')
  step(
    'Ask by task, by tags, by words',
    `await memories.queryEntries({ task_id: 'task-1' })`,
    `await memories.queryEntries({ tags: ['important'] })`,
    `await memories.queryEntries({ content_words: { words: 'information' } })`,
  )
  const questions = {
    task: { task_id: 'task-1' },
    tags: { tags: ['important'] },
    words: { content_words: { words: 'information' } },
  }
  const rows: string[][] = []
  for (const [name, question] of Object.entries(questions)) {
    const found = await store.memories.queryEntries(question)
    rows.push([name, found.map((entry) => entry.id).join(', ')])
  }
  table(rows)
}

async function auditLog(store: AgentStore): Promise<void> {
  const { audit } = store
  step('Audit log: append an entry', `await audit.append(actor, action, before, after, …)`)
  const entry = await audit.append(
    'agent-1',
    'update_state',
    { count: 0 },
    { count: 1 },
    {
      metadata: { reason: 'user_request' },
      provenance: { task_id: 'task-1', step_id: 'step-1', timestamp: store.now() },
    },
  )
  good(`entry ${entry.sequence} at ${entry.timestamp.toISOString()}`)
  step('Verify its integrity', `await audit.verifyEntry(entry.id)`, `await audit.verifyLog()`)
  const { ok, entries } = await audit.verifyLog()
  if ((await audit.verifyEntry(entry.id)) && ok) good(`the entry and the whole log, of ${entries}`)
  else bad('it is not as it was appended')
  step(
    'Ask by actor and by time',
    `await audit.queryByActor('agent-1')`,
    `await audit.queryByTimeRange(new Date('2024-01-01'), new Date('2024-12-31'))`,
  )
  const byActor = await audit.queryByActor('agent-1')
  const recent = await audit.queryByTimeRange(new Date('2024-01-01'), new Date('2024-12-31'))
  good(`${byActor.length} of agent-1, ${recent.length} in 2024`)
}

async function atomicity(store: AgentStore): Promise<void> {
  step('All of it, or nothing', `await store.transaction(async (tx) => { … })`)
  const head = await store.audit.head()
  const error = await store
    .transaction(async (tx) => {
      const done = { status: 'completed' }
      await tx.state.updateTaskState('workflow-1', 'task-1', done, 'tenant-1')
      await tx.audit.append('agent-1', 'complete_task', { status: 'failed' }, done)
      throw new Error('the last step failed')
    })
    .catch((thrown: Error) => thrown)
  const task = (await store.state.loadTaskStates('workflow-1', 'tenant-1')).get('task-1')
  const unchanged = (await store.audit.head())?.sequence === head?.sequence
  if (task?.status === 'failed' && unchanged) good(`"${error}": task and log are as they were`)
  else bad('something was left behind')
}

async function recoverability(store: AgentStore): Promise<void> {
  const { memories, audit } = store
  step(
    'Go back to a verified state',
    `await memories.createSnapshot({ label: 'before the detour' })`,
    `await memories.rollbackTo(snapshot.id)`,
  )
  const snapshot = await memories.createSnapshot({ label: 'before the detour' })
  await memories.deleteEntry('entry-1')
  await memories.storeEntry({
    id: 'entry-2',
    content: 'a detour',
    type: 'artifact',
    provenance: { task_id: 'task-1', step_id: 'step-2', timestamp: store.now() },
  })
  const { restored, removed } = await memories.rollbackTo(snapshot.id)
  good(`${restored} restored, ${removed} removed`)
  const actions = await audit.pageEntries({ order: 'asc' })
  table(actions.records.map((entry) => [String(entry.sequence), entry.actor, entry.action]))
}

/** A clock that stands still makes every run say the same. */
const clock = { now: () => Date.parse('2024-06-01T12:00:00Z') }
await using store = createAgentStore({ ...(await givenConfig()), clock })
await stateStore(store)
await taskTracking(store)
await memoryStore(store)
await auditLog(store)
await atomicity(store)
await recoverability(store)
