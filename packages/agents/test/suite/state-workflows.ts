/** The state store: workflows, saved and listed. */

import assert from 'node:assert/strict'
import type {
  LoadedTaskState,
  LoadedWorkflowState,
  WorkflowListOptions,
  WorkflowState,
} from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aTask, aWorkflow, saved, tasksOf } from './state-records.ts'

const HOUR_MS = 3_600_000

const workflowCases: readonly AgentCase[] = [
  {
    id: 'state-round-trip',
    title: 'a workflow comes back with its tasks as it was saved, and with what the store knows of it',
    methods: ['state.saveWorkflowState', 'state.loadWorkflowState'],
    run: async ({ store: { state, tenantName }, clock }) => {
      const now = new Date(clock.now())
      const full: WorkflowState = {
        workflowId: 'workflow-1',
        status: 'failed',
        startedAt: new Date('2026-03-01T10:00:00.000Z'),
        completedAt: null,
        error: { code: 7, message: 'no route' },
        result: [1, null, { any: 'thing' }],
        metadata: { nested: { any: [1, null, 'x'] } },
        taskStates: tasksOf({
          taskId: 'task-1',
          status: 'failed',
          retryCount: 3,
          startedAt: new Date('2026-03-01T10:00:00.000Z'),
          completedAt: new Date('2026-03-01T10:00:01.000Z'),
          error: 'timed out',
          result: null,
          metadata: { host: 'a' },
        }),
      }
      assert.equal(await state.saveWorkflowState(full), 1)
      const loaded = await state.loadWorkflowState('workflow-1')
      assert.deepEqual(saved(loaded), full)
      const { tenantId, createdAt, updatedAt, version } = loaded as LoadedWorkflowState
      const known = { tenantId: tenantName, createdAt: now, updatedAt: now, version: 1 }
      assert.deepEqual({ tenantId, createdAt, updatedAt, version }, known)
      assert.ok(loaded?.taskStates instanceof Map)
      const task = loaded.taskStates.get('task-1') as LoadedTaskState
      assert.deepEqual({ updatedAt: task.updatedAt, version: task.version }, { updatedAt: now, version: 1 })
    },
  },
  {
    id: 'state-unknown-workflow',
    title: 'a workflow that nobody saved is not there',
    methods: ['state.loadWorkflowState', 'state.loadTaskStates', 'state.deleteWorkflowState'],
    run: async ({ store: { state } }) => {
      assert.equal(await state.loadWorkflowState('nobody'), undefined)
      assert.deepEqual(await state.loadTaskStates('nobody'), new Map())
      assert.equal(await state.deleteWorkflowState('nobody'), false)
    },
  },
  {
    id: 'state-save-replaces',
    title: 'what is saved is what is loaded: members and tasks that are left out are gone',
    methods: ['state.saveWorkflowState', 'state.loadWorkflowState'],
    run: async ({ store: { state } }) => {
      const before = { metadata: { step: 1 }, taskStates: tasksOf(aTask('a'), aTask('b'), aTask('c')) }
      await state.saveWorkflowState(aWorkflow('w', before))
      const after = aWorkflow('w', { taskStates: tasksOf(aTask('c', { status: 'completed' }), aTask('d')) })
      assert.equal(await state.saveWorkflowState(after), 2)
      assert.deepEqual(saved(await state.loadWorkflowState('w')), after)
    },
  },
  {
    id: 'state-task-order',
    title: 'tasks come back in the order of their ids, by code points',
    methods: ['state.loadWorkflowState', 'state.loadTaskStates'],
    run: async ({ store: { state } }) => {
      const ids = ['b', '\u{1F600}', 'a', '\uFFFD', 'B']
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(...ids.map((id) => aTask(id))) }))
      const inOrder = ['B', 'a', 'b', '\uFFFD', '\u{1F600}']
      assert.deepEqual([...((await state.loadWorkflowState('w'))?.taskStates.keys() ?? [])], inOrder)
      assert.deepEqual([...(await state.loadTaskStates('w')).keys()], inOrder)
    },
  },
  {
    id: 'state-unchanged-tasks',
    title: 'a save leaves tasks alone that say the same, as they were loaded or as they were given',
    methods: ['state.saveWorkflowState', 'state.loadTaskStates'],
    run: async ({ store: { state }, clock }) => {
      const start = new Date(clock.now())
      const metadata = { host: 'a' }
      const asJson = aTask('a', { error: undefined, result: -0, metadata: { host: undefined } })
      for (const status of ['running', 'paused']) {
        await state.saveWorkflowState(aWorkflow('v', { status, taskStates: tasksOf(asJson) }))
      }
      assert.equal((await state.loadTaskStates('v')).get('a')?.version, 1)
      await state.saveWorkflowState(
        aWorkflow('w', { taskStates: tasksOf(aTask('a', { metadata, startedAt: start }), aTask('b')) }),
      )
      clock.advance(HOUR_MS)
      const loaded = await state.loadWorkflowState('w')
      loaded?.taskStates.set('b', { ...(loaded.taskStates.get('b') as LoadedTaskState), status: 'running' })
      await state.saveWorkflowState(loaded as LoadedWorkflowState)
      const tasks = await state.loadTaskStates('w')
      assert.deepEqual([tasks.get('a')?.version, tasks.get('b')?.version], [1, 2])
      assert.deepEqual(tasks.get('a')?.updatedAt, start)
      assert.deepEqual(tasks.get('b')?.updatedAt, new Date(clock.now()))
    },
  },
  {
    id: 'state-times',
    title: 'the creation stays, and every change tells its time',
    methods: ['state.saveWorkflowState', 'state.updateTaskState', 'state.loadWorkflowState'],
    run: async ({ store: { state }, clock }) => {
      const start = clock.now()
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      clock.advance(HOUR_MS)
      await state.saveWorkflowState({
        ...aWorkflow('w', { taskStates: tasksOf(aTask('a')) }),
        createdAt: new Date(0),
      })
      const second = await state.loadWorkflowState('w')
      assert.deepEqual(second?.createdAt, new Date(start))
      assert.deepEqual(second?.updatedAt, new Date(start + HOUR_MS))
      clock.advance(HOUR_MS)
      await state.updateTaskState('w', 'a', { status: 'running' })
      assert.deepEqual((await state.loadWorkflowState('w'))?.updatedAt, new Date(start + 2 * HOUR_MS))
    },
  },
  {
    id: 'state-loaded-can-be-saved',
    title: 'what was loaded can be saved, and again without loading it anew',
    methods: ['state.saveWorkflowState', 'state.loadWorkflowState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      const loaded = (await state.loadWorkflowState('w')) as LoadedWorkflowState
      assert.equal(await state.saveWorkflowState({ ...loaded, status: 'paused' }), 2)
      assert.equal(await state.saveWorkflowState({ ...loaded, status: 'running' }), 3)
    },
  },
  {
    id: 'state-copies',
    title: 'what the caller changes after the call is not stored',
    inTransactions: false,
    methods: ['state.saveWorkflowState', 'state.saveTaskState'],
    run: async ({ store: { state } }) => {
      const metadata = { step: 1 }
      const workflow = aWorkflow('w', { metadata, taskStates: tasksOf(aTask('a', { metadata })) })
      const saving = state.saveWorkflowState(workflow)
      metadata.step = 2
      workflow.taskStates.clear()
      await saving
      const loaded = await state.loadWorkflowState('w')
      assert.deepEqual([loaded?.metadata, loaded?.taskStates.get('a')?.metadata], [{ step: 1 }, { step: 1 }])
      const savingTask = state.saveTaskState('w', aTask('b', { metadata }))
      metadata.step = 3
      await savingTask
      assert.deepEqual((await state.loadTaskStates('w')).get('b')?.metadata, { step: 2 })
    },
  },
  {
    id: 'state-delete-takes-tasks',
    title: 'deleting a workflow takes its tasks along, and nobody else’s',
    methods: ['state.deleteWorkflowState', 'state.loadTaskStates'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a'), aTask('b')) }))
      await state.saveWorkflowState(aWorkflow('w2', { taskStates: tasksOf(aTask('a')) }))
      assert.equal(await state.deleteWorkflowState('w'), true)
      assert.equal(await state.loadWorkflowState('w'), undefined)
      assert.deepEqual(await state.loadTaskStates('w'), new Map())
      assert.deepEqual([...(await state.loadTaskStates('w2')).keys()], ['a'])
      await state.saveWorkflowState(aWorkflow('w'))
      assert.deepEqual((await state.loadWorkflowState('w'))?.taskStates, new Map())
    },
  },
  {
    id: 'state-hostile-ids',
    title: 'ids of any characters and any length stay apart',
    methods: [
      'state.saveWorkflowState',
      'state.saveTaskState',
      'state.loadTaskStates',
      'state.updateTaskState',
    ],
    run: async ({ store: { state } }) => {
      const long = 'é'.repeat(512)
      const ids = [
        'a',
        'a","b',
        '["a","b"]',
        'a/b',
        '__proto__',
        '%',
        ' a',
        'sha256:',
        `${'x'.repeat(1_023)}y`,
        long,
      ]
      for (const workflowId of ids) {
        const tasks = ids.map((id) => aTask(id, { metadata: { workflowId, id } }))
        await state.saveWorkflowState(aWorkflow(workflowId, { taskStates: tasksOf(...tasks) }))
      }
      await state.updateTaskState(long, long, { status: 'completed' })
      for (const workflowId of ids) {
        const tasks = await state.loadTaskStates(workflowId)
        assert.equal(tasks.size, ids.length)
        for (const id of ids) {
          assert.deepEqual(tasks.get(id)?.metadata, { workflowId, id })
          const completed = workflowId === long && id === long
          assert.equal(tasks.get(id)?.status, completed ? 'completed' : 'pending')
        }
      }
    },
  },
  {
    id: 'state-many-tasks',
    title: 'a workflow has up to 10,000 tasks and no more',
    methods: ['state.saveWorkflowState', 'state.saveTaskState', 'state.loadTaskStates'],
    run: async ({ store: { state } }) => {
      const tasks = Array.from({ length: 10_001 }, (_each, index) => aTask(`${index}`))
      await assertFails(
        state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(...tasks) })),
        'LIMIT_EXCEEDED',
      )
      assert.equal(await state.loadWorkflowState('w'), undefined)
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(...tasks.slice(1)) }))
      await assertFails(state.saveTaskState('w', aTask('0')), 'LIMIT_EXCEEDED')
      assert.equal(await state.saveTaskState('w', aTask('1', { status: 'running' })), 2)
      assert.equal((await state.loadTaskStates('w')).size, 10_000)
    },
  },
]

const listCases: readonly AgentCase[] = [
  {
    id: 'state-list',
    title: 'lists filter by status and time, newest first, without tasks and with versions',
    methods: ['state.listWorkflowStates'],
    run: async ({ store: { state, tenantName }, clock }) => {
      const start = clock.now()
      const [old, mid, young] = [start, start + HOUR_MS, start + 2 * HOUR_MS].map((at) => new Date(at))
      await state.saveWorkflowState(aWorkflow('1', { startedAt: old, taskStates: tasksOf(aTask('a')) }))
      clock.advance(HOUR_MS)
      await state.saveWorkflowState(aWorkflow('2', { status: 'paused', completedAt: mid }))
      clock.advance(HOUR_MS)
      await state.saveWorkflowState(aWorkflow('3'))
      await state.updateTaskState('1', 'a', { status: 'running' })
      const ids = async (options: WorkflowListOptions) =>
        (await state.listWorkflowStates(options)).map(({ workflowId }) => workflowId).join('')
      assert.equal(await ids({}), '321')
      assert.equal(await ids({ status: 'running' }), '31')
      assert.equal(await ids({ status: { in: ['paused', 'failed'] } }), '2')
      assert.equal(await ids({ createdAt: { gte: mid as Date, lt: young as Date } }), '2')
      assert.equal(await ids({ updatedAt: { gte: young as Date } }), '31')
      assert.equal(await ids({ startedAt: old as Date }), '1')
      assert.equal(await ids({ completedAt: { exists: true } }), '2')
      assert.equal(await ids({ workflowId: { in: ['1', '3'] }, limit: 1, offset: 1 }), '1')
      assert.equal(await ids({ or: [{ status: 'paused' }, { workflowId: '3' }] }), '32')
      assert.deepEqual(await state.listWorkflowStates({ workflowId: '1' }), [
        {
          workflowId: '1',
          status: 'running',
          startedAt: old,
          createdAt: old,
          updatedAt: young,
          version: 2,
          tenantId: tenantName,
        },
      ])
    },
  },
  {
    id: 'state-pages',
    title: 'pages join to the whole list without gap or repetition, while workflows on them change',
    methods: ['state.pageWorkflowStates', 'state.iterateWorkflowStates'],
    run: async ({ store: { state } }) => {
      const ids = Array.from({ length: 11 }, (_each, index) => `w${index + 10}`)
      for (const id of ids) await state.saveWorkflowState(aWorkflow(id))
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await state.pageWorkflowStates({
          status: { in: ['running', 'paused'] },
          limit: 4,
          cursor,
        })
        for (const { workflowId } of page.records) {
          seen.push(workflowId)
          await state.saveWorkflowState(aWorkflow(workflowId, { status: 'paused' }))
        }
        cursor = page.next
      } while (cursor !== undefined)
      assert.deepEqual(seen, ids.toReversed())
      const walked = await gathered(state.iterateWorkflowStates({ limit: 3, offset: 1 }))
      assert.deepEqual(
        walked.map(({ workflowId }) => workflowId),
        ids.toReversed().slice(1),
      )
    },
  },
  {
    id: 'state-list-refuses',
    title: 'lists refuse fields that are not declared, undefined filters, bad limits and cursors',
    methods: ['state.listWorkflowStates', 'state.pageWorkflowStates', 'state.iterateWorkflowStates'],
    run: async ({ store: { state } }) => {
      const bad = [
        { metadata: 'x' },
        { status: undefined },
        { limit: 0 },
        { cursor: 'made up' },
        { taskStates: 1 },
        null,
        [],
        'w',
      ]
      for (const options of bad.map(unchecked)) {
        await assertFails(state.listWorkflowStates(options), 'INVALID_ARGUMENT')
        await assertFails(state.pageWorkflowStates(options), 'INVALID_ARGUMENT')
        await assertFails(gathered(state.iterateWorkflowStates(options)), 'INVALID_ARGUMENT')
      }
    },
  },
]

export const stateWorkflowCases: readonly AgentCase[] = [...workflowCases, ...listCases]
