/** The state store: tasks, and guards of all writes. */

import assert from 'node:assert/strict'
import type { LoadedWorkflowState } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails } from './asking.ts'
import { aTask, aWorkflow, saved, tasksOf } from './state-records.ts'

const HOUR_MS = 3_600_000

const taskCases: readonly AgentCase[] = [
  {
    id: 'state-task-saved',
    title: 'a task is stored over the one of its id, beside the others',
    methods: ['state.saveTaskState', 'state.loadTaskStates'],
    run: async ({ store: { state }, clock }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a', { retryCount: 1 })) }))
      assert.equal(await state.saveTaskState('w', aTask('b')), 1)
      assert.equal(await state.saveTaskState('w', aTask('a', { status: 'running' })), 2)
      const updatedAt = new Date(clock.now())
      assert.deepEqual(
        await state.loadTaskStates('w'),
        new Map([
          ['a', { taskId: 'a', status: 'running', updatedAt, version: 2 }],
          ['b', { taskId: 'b', status: 'pending', updatedAt, version: 1 }],
        ]),
      )
    },
  },
  {
    id: 'state-task-without-workflow',
    title: 'a task without its workflow is refused, and nothing is stored',
    methods: ['state.saveTaskState'],
    run: async ({ store: { state } }) => {
      await assertFails(state.saveTaskState('w', aTask('a')), 'REFERENCE_VIOLATION')
      await state.saveWorkflowState(aWorkflow('w'))
      assert.deepEqual(await state.loadTaskStates('w'), new Map())
    },
  },
  {
    id: 'state-task-updated',
    title: 'an update replaces what it names: null empties, undefined is not meant',
    methods: ['state.updateTaskState', 'state.loadTaskStates'],
    run: async ({ store: { state }, clock }) => {
      const startedAt = new Date(clock.now())
      const failed = aTask('a', {
        status: 'failed',
        retryCount: 1,
        error: 'lost',
        startedAt,
        metadata: { a: 1, b: 2 },
      })
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(failed, aTask('b')) }))
      clock.advance(HOUR_MS)
      const change = {
        status: 'running',
        retryCount: 2,
        error: null,
        startedAt: undefined,
        metadata: { b: 3 },
      }
      assert.equal(await state.updateTaskState('w', 'a', change), 2)
      const tasks = await state.loadTaskStates('w')
      const updatedAt = new Date(clock.now())
      assert.deepEqual(tasks.get('a'), { ...failed, ...change, startedAt, updatedAt, version: 2 })
      assert.equal(tasks.get('b')?.version, 1)
    },
  },
  {
    id: 'state-task-unknown',
    title: 'an unknown task can not be updated, in a known workflow or an unknown one',
    methods: ['state.updateTaskState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      await assertFails(state.updateTaskState('w', 'b', { status: 'running' }), 'NOT_FOUND')
      await assertFails(state.updateTaskState('v', 'a', { status: 'running' }), 'NOT_FOUND')
      assert.equal((await state.loadWorkflowState('w'))?.version, 1)
    },
  },
  {
    id: 'state-task-raises-workflow',
    title: 'every change of a task raises the version of its workflow',
    methods: ['state.saveTaskState', 'state.updateTaskState', 'state.saveWorkflowState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w'))
      await state.saveTaskState('w', aTask('a'))
      await state.updateTaskState('w', 'a', { status: 'running' })
      assert.equal((await state.loadWorkflowState('w'))?.version, 3)
      await assertFails(state.saveWorkflowState(aWorkflow('w'), { ifVersion: 1 }), 'VERSION_CONFLICT')
      assert.equal((await state.loadTaskStates('w')).size, 1)
    },
  },
]

const guardCases: readonly AgentCase[] = [
  {
    id: 'state-if-version',
    title: 'ifVersion lets a save happen only on what was loaded, with 0 for what is not there',
    methods: ['state.saveWorkflowState'],
    run: async ({ store: { state } }) => {
      assert.equal(await state.saveWorkflowState(aWorkflow('w'), { ifVersion: 0 }), 1)
      await assertFails(state.saveWorkflowState(aWorkflow('w'), { ifVersion: 0 }), 'VERSION_CONFLICT')
      assert.equal(await state.saveWorkflowState(aWorkflow('w', { status: 'paused' }), { ifVersion: 1 }), 2)
      const late = aWorkflow('w', { status: 'failed', taskStates: tasksOf(aTask('a')) })
      await assertFails(state.saveWorkflowState(late, { ifVersion: 1 }), 'VERSION_CONFLICT')
      await assertFails(state.saveWorkflowState(aWorkflow('v'), { ifVersion: 1 }), 'VERSION_CONFLICT')
      assert.deepEqual(saved(await state.loadWorkflowState('w')), aWorkflow('w', { status: 'paused' }))
      assert.equal(await state.loadWorkflowState('v'), undefined)
    },
  },
  {
    id: 'state-expected-status',
    title: 'expectedStatus lets a save happen only on a workflow of that status, or of one of several',
    methods: ['state.saveWorkflowState'],
    run: async ({ store: { state } }) => {
      const running = aWorkflow('w')
      await assertFails(state.saveWorkflowState(running, { expectedStatus: 'paused' }), 'VERSION_CONFLICT')
      await state.saveWorkflowState(aWorkflow('w', { status: 'paused' }))
      assert.equal(await state.saveWorkflowState(running, { expectedStatus: 'paused' }), 2)
      await assertFails(state.saveWorkflowState(running, { expectedStatus: 'paused' }), 'VERSION_CONFLICT')
      const several = { expectedStatus: ['paused', 'running'] }
      assert.equal(await state.saveWorkflowState(aWorkflow('w', { status: 'done' }), several), 3)
      await assertFails(state.saveWorkflowState(running, { expectedStatus: [] }), 'VERSION_CONFLICT')
      const both = { expectedStatus: 'done', ifVersion: 2 }
      await assertFails(state.saveWorkflowState(running, both), 'VERSION_CONFLICT')
      assert.equal((await state.loadWorkflowState('w'))?.status, 'done')
    },
  },
  {
    id: 'state-guarded-delete',
    title: 'a guarded deletion happens only where its guard holds',
    methods: ['state.deleteWorkflowState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      const conflicts = [{ ifVersion: 2 }, { ifVersion: 0 }, { expectedStatus: 'done' }]
      for (const guard of conflicts) {
        await assertFails(state.deleteWorkflowState('w', undefined, guard), 'VERSION_CONFLICT')
      }
      assert.equal((await state.loadTaskStates('w')).size, 1)
      assert.equal(
        await state.deleteWorkflowState('w', undefined, { ifVersion: 1, expectedStatus: 'running' }),
        true,
      )
      await assertFails(
        state.deleteWorkflowState('w', undefined, { expectedStatus: 'running' }),
        'VERSION_CONFLICT',
      )
    },
  },
  {
    id: 'state-guarded-tasks',
    title: 'the guards of task writes are about the task',
    methods: ['state.saveTaskState', 'state.updateTaskState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      const running = aTask('a', { status: 'running' })
      await assertFails(state.saveTaskState('w', running, undefined, { ifVersion: 0 }), 'VERSION_CONFLICT')
      await assertFails(
        state.saveTaskState('w', aTask('b'), undefined, { expectedStatus: 'pending' }),
        'VERSION_CONFLICT',
      )
      const guard = { ifVersion: 1, expectedStatus: 'pending' }
      assert.equal(await state.updateTaskState('w', 'a', { status: 'running' }, undefined, guard), 2)
      await assertFails(
        state.updateTaskState('w', 'a', { status: 'running' }, undefined, guard),
        'VERSION_CONFLICT',
      )
      assert.equal((await state.loadWorkflowState('w'))?.version, 2)
      assert.equal(await state.saveTaskState('w', aTask('b'), undefined, { ifVersion: 0 }), 1)
    },
  },
  {
    id: 'state-racing-workers',
    title: 'of eight workers that resume one workflow exactly one succeeds, by version and by status',
    methods: ['state.saveWorkflowState', 'state.loadWorkflowState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { status: 'paused' }))
      for (const guard of [{ ifVersion: 1 }, { expectedStatus: 'paused' }]) {
        await state.saveWorkflowState(aWorkflow('w', { status: 'paused' }), {
          expectedStatus: ['paused', 'running'],
        })
        const { version } = (await state.loadWorkflowState('w')) as LoadedWorkflowState
        const raced = 'ifVersion' in guard ? { ifVersion: version } : guard
        const workers = Array.from({ length: 8 }, (_each, worker) => {
          const taskStates = tasksOf(aTask(`of ${worker}`))
          return state.saveWorkflowState(aWorkflow('w', { metadata: { worker }, taskStates }), raced)
        })
        const outcomes = await Promise.allSettled(workers)
        const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
        const codes = outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'won')).sort()
        assert.deepEqual(codes, [...Array.from({ length: 7 }, () => 'VERSION_CONFLICT'), 'won'])
        const after = await state.loadWorkflowState('w')
        assert.deepEqual(after?.metadata, { worker: winner })
        assert.deepEqual([...(after?.taskStates.keys() ?? [])], [`of ${winner}`])
        assert.equal(after?.version, version + 1)
      }
    },
  },
  {
    id: 'state-racing-tasks',
    title: 'tasks that are written at once are all there afterwards',
    methods: ['state.saveTaskState', 'state.updateTaskState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w'))
      const ids = ['a', 'b', 'c', 'd']
      await Promise.all(ids.map((id) => state.saveTaskState('w', aTask(id))))
      await Promise.all(ids.map((id) => state.updateTaskState('w', id, { retryCount: 1 })))
      const loaded = await state.loadWorkflowState('w')
      assert.deepEqual(
        [...(loaded?.taskStates.values() ?? [])].map(({ retryCount }) => retryCount),
        [1, 1, 1, 1],
      )
      assert.equal(loaded?.version, 9)
    },
  },
]

export const stateGuardCases: readonly AgentCase[] = [...taskCases, ...guardCases]
