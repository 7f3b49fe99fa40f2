/** The state store: what it refuses, and whose workflows there are. */

import assert from 'node:assert/strict'
import { taskState, workflowState } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aTask, aWorkflow, tasksOf } from './state-records.ts'

const refusalCases: readonly AgentCase[] = [
  {
    id: 'state-refused-workflows',
    title: 'what is no workflow is refused before anything is stored',
    methods: ['state.saveWorkflowState'],
    run: async ({ store: { state } }) => {
      const bad: readonly (readonly [unknown, number?])[] = [
        [undefined],
        [{}],
        [{ ...aWorkflow('w'), status: undefined }],
        [{ ...aWorkflow('w'), status: 7 }],
        [{ ...aWorkflow('w'), risk: 1 }],
        [aWorkflow('')],
        [aWorkflow('x'.repeat(1_025))],
        [aWorkflow('nul\0')],
        [{ ...aWorkflow('w'), startedAt: '2026-03-01T10:00:00.000Z' }],
        [{ ...aWorkflow('w'), startedAt: new Date(Number.NaN) }],
        [{ ...aWorkflow('w'), metadata: { big: 1n } }],
        [{ ...aWorkflow('w'), metadata: { at: new Date(0) } }],
        [{ ...aWorkflow('w'), metadata: JSON.parse('{"__proto__":1}') }],
        [{ ...aWorkflow('w'), metadata: JSON.parse('{"a":{"__proto__":1}}') }],
        [aWorkflow('w', { taskStates: tasksOf(aTask('a'), aTask('b', { error: unchecked(1n) })) }), 1],
        [{ ...aWorkflow('w'), taskStates: {} }],
        [{ ...aWorkflow('w'), taskStates: [] }],
        [aWorkflow('w', { taskStates: new Map([['a', aTask('b')]]) }), 0],
        [
          aWorkflow('w', {
            taskStates: tasksOf(aTask('a'), unchecked({ taskId: 'b', status: 'x', retryCount: -1 })),
          }),
          1,
        ],
        [aWorkflow('w', { taskStates: tasksOf(unchecked({ ...aTask('a'), mood: 'good' })) }), 0],
        [aWorkflow('w', { taskStates: tasksOf(aTask('')) })],
        [aWorkflow('w', { taskStates: tasksOf(aTask('lone \uD800')) })],
      ]
      for (const [workflow, index] of bad) {
        const more = index === undefined ? {} : { index }
        await assertFails(state.saveWorkflowState(unchecked(workflow)), 'INVALID_ARGUMENT', more)
      }
      assert.deepEqual(await state.listWorkflowStates(), [])
    },
  },
  {
    id: 'state-refused-tasks',
    title: 'what is no task or no change of one is refused, and nothing changes',
    methods: ['state.saveTaskState', 'state.updateTaskState'],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      const tasks = [
        undefined,
        {},
        { taskId: 'b' },
        aTask(''),
        { ...aTask('b'), retryCount: 0.5 },
        { ...aTask('b'), x: 1 },
      ]
      for (const task of tasks)
        await assertFails(state.saveTaskState('w', unchecked(task)), 'INVALID_ARGUMENT')
      const changes = [null, 'running', { taskId: 'b' }, { version: 7 }, { status: 7 }, { mood: 'good' }]
      for (const change of changes) {
        await assertFails(state.updateTaskState('w', 'a', unchecked(change)), 'INVALID_ARGUMENT')
      }
      for (const id of ['', 7, undefined]) {
        await assertFails(state.loadWorkflowState(unchecked(id)), 'INVALID_ARGUMENT')
        await assertFails(state.loadTaskStates(unchecked(id)), 'INVALID_ARGUMENT')
        await assertFails(state.deleteWorkflowState(unchecked(id)), 'INVALID_ARGUMENT')
        await assertFails(state.saveTaskState(unchecked(id), aTask('b')), 'INVALID_ARGUMENT')
        await assertFails(state.updateTaskState('w', unchecked(id), { status: 'x' }), 'INVALID_ARGUMENT')
      }
      const loaded = await state.loadWorkflowState('w')
      assert.equal(loaded?.version, 1)
      assert.equal(loaded.taskStates.size, 1)
    },
  },
  {
    id: 'state-refused-guards',
    title: 'unknown options of a guard are refused by name, and what is no version or status',
    methods: [
      'state.saveWorkflowState',
      'state.deleteWorkflowState',
      'state.saveTaskState',
      'state.updateTaskState',
    ],
    run: async ({ store: { state } }) => {
      await state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      const bad = [
        { ifVersion: -1 },
        { ifVersion: 0.5 },
        { expectedStatus: 7 },
        { expectedStatus: [7] },
        { ttlMs: 1 },
        'w',
      ]
      for (const guard of bad.map(unchecked)) {
        await assertFails(state.saveWorkflowState(aWorkflow('w'), guard), 'INVALID_ARGUMENT')
        await assertFails(state.deleteWorkflowState('w', undefined, guard), 'INVALID_ARGUMENT')
        await assertFails(state.saveTaskState('w', aTask('a'), undefined, guard), 'INVALID_ARGUMENT')
        await assertFails(state.updateTaskState('w', 'a', {}, undefined, guard), 'INVALID_ARGUMENT')
      }
      await assertFails(
        state.saveWorkflowState(aWorkflow('w'), unchecked({ ifVersoin: 1 })),
        'INVALID_ARGUMENT',
        { message: /ifVersoin/ },
      )
      assert.equal((await state.loadWorkflowState('w'))?.version, 1)
    },
  },
  {
    id: 'state-schemas',
    title: 'the exported schemas accept the same',
    methods: ['state.saveWorkflowState'],
    run: async () => {
      assert.ok(workflowState.safeEncode(aWorkflow('w', { taskStates: tasksOf(aTask('a')) })).success)
      assert.ok(!workflowState.safeEncode(unchecked({ ...aWorkflow('w'), risk: 1 })).success)
      assert.ok(taskState.safeEncode(aTask('a')).success)
      assert.ok(!taskState.safeEncode(unchecked({ ...aTask('a'), mood: 'good' })).success)
    },
  },
]

const tenantCases: readonly AgentCase[] = [
  {
    id: 'state-tenants',
    title: 'a call is for the tenant that it names, and another tenant’s workflow does not exist',
    alone: true,
    methods: [
      'state.saveWorkflowState',
      'state.loadWorkflowState',
      'state.listWorkflowStates',
      'state.deleteWorkflowState',
      'state.saveTaskState',
      'state.loadTaskStates',
      'state.updateTaskState',
    ],
    run: async ({ store }) => {
      const { state } = store
      const workflow = aWorkflow('workflow-1', { taskStates: tasksOf(aTask('a')), tenantId: 'tenant-1' })
      await state.saveWorkflowState(workflow)
      const loaded = await state.loadWorkflowState('workflow-1', 'tenant-1')
      assert.equal(loaded?.tenantId, 'tenant-1')
      for (const other of ['tenant-2', undefined]) {
        assert.equal(await state.loadWorkflowState('workflow-1', other), undefined)
        assert.deepEqual(await state.loadTaskStates('workflow-1', other), new Map())
        assert.deepEqual(await state.listWorkflowStates({ tenantId: other }), [])
        assert.equal(await state.deleteWorkflowState('workflow-1', other), false)
        await assertFails(state.saveTaskState('workflow-1', aTask('b'), other), 'REFERENCE_VIOLATION')
        await assertFails(state.updateTaskState('workflow-1', 'a', { status: 'x' }, other), 'NOT_FOUND')
      }
      await state.saveTaskState('workflow-1', aTask('b'), 'tenant-1')
      await state.updateTaskState('workflow-1', 'a', { status: 'running' }, 'tenant-1')
      const tasks = await store.tenant('tenant-1').state.loadTaskStates('workflow-1')
      assert.deepEqual(
        [...tasks.values()].map(({ status }) => status),
        ['running', 'pending'],
      )
      assert.equal((await state.listWorkflowStates({ tenantId: 'tenant-1' })).length, 1)
      assert.equal((await gathered(state.iterateWorkflowStates({ tenantId: 'tenant-1' }))).length, 1)
      assert.equal(await state.deleteWorkflowState('workflow-1', 'tenant-1'), true)
    },
  },
  {
    id: 'state-default-tenant',
    title: 'without a tenant a call is for the handle’s own, which may also be named',
    alone: true,
    methods: ['state.saveWorkflowState', 'state.loadWorkflowState'],
    run: async ({ store }) => {
      await store.state.saveWorkflowState(aWorkflow('w'))
      assert.equal((await store.state.loadWorkflowState('w', store.tenantName))?.tenantId, store.tenantName)
      await assertFails(store.state.loadWorkflowState('w', ''), 'INVALID_ARGUMENT')
      await assertFails(store.state.loadWorkflowState('w', unchecked(null)), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'state-confined',
    title: 'a handle of one tenant refuses to name another, in every call, and takes its own name',
    methods: [
      'state.saveWorkflowState',
      'state.loadWorkflowState',
      'state.listWorkflowStates',
      'state.pageWorkflowStates',
      'state.iterateWorkflowStates',
      'state.deleteWorkflowState',
      'state.saveTaskState',
      'state.loadTaskStates',
      'state.updateTaskState',
    ],
    run: async ({ store, otherTenant }) => {
      const confined = store.tenant('acme').state
      const other = otherTenant.tenantName
      await otherTenant.state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a')) }))
      const calls: readonly (() => Promise<unknown>)[] = [
        () => confined.saveWorkflowState(aWorkflow('w', { tenantId: other })),
        () => confined.loadWorkflowState('w', other),
        () => confined.listWorkflowStates({ tenantId: other }),
        () => confined.pageWorkflowStates({ tenantId: other }),
        () => gathered(confined.iterateWorkflowStates({ tenantId: other })),
        () => confined.deleteWorkflowState('w', other),
        () => confined.saveTaskState('w', aTask('a'), other),
        () => confined.loadTaskStates('w', other),
        () => confined.updateTaskState('w', 'a', { status: 'x' }, other),
      ]
      for (const call of calls) await assertFails(call, 'INVALID_ARGUMENT')
      const untouched = await otherTenant.state.loadWorkflowState('w', other)
      assert.equal(untouched?.version, 1)
      await confined.saveWorkflowState(aWorkflow('w', { tenantId: 'acme' }))
      assert.equal((await confined.loadWorkflowState('w', 'acme'))?.tenantId, 'acme')
    },
  },
  {
    id: 'state-transaction',
    title: 'workflows of several tenants are written in one transaction, or not at all',
    alone: true,
    inTransactions: false,
    methods: ['state.saveWorkflowState', 'state.saveTaskState', 'state.deleteWorkflowState'],
    run: async ({ store }) => {
      await store.state.saveWorkflowState(aWorkflow('kept', { taskStates: tasksOf(aTask('a')) }))
      const failing = store.transaction(async (transaction) => {
        await transaction.state.saveWorkflowState(aWorkflow('w', { tenantId: 'tenant-1' }))
        await transaction.state.saveTaskState('w', aTask('a'), 'tenant-1')
        await transaction.state.deleteWorkflowState('kept')
        assert.equal((await transaction.state.loadTaskStates('w', 'tenant-1')).size, 1)
        assert.equal(await transaction.state.loadWorkflowState('kept'), undefined)
        await assertFails(transaction.state.saveTaskState('nobody', aTask('a')), 'REFERENCE_VIOLATION')
        throw new Error('changed my mind')
      })
      await assert.rejects(failing, /changed my mind/)
      assert.equal(await store.state.loadWorkflowState('w', 'tenant-1'), undefined)
      assert.equal((await store.state.loadTaskStates('kept')).size, 1)
    },
  },
]

export const stateRefusalCases: readonly AgentCase[] = [...refusalCases, ...tenantCases]
