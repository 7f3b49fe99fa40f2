/** Which instant is stored, where the clock moves while a call runs. */

import { ManualClock } from '@coffer/conformance'
import { StoreError } from '@coffer/core'
import { memory } from '@coffer/memory'
import { expect, test } from 'vitest'
import { createAgentStore } from '../src/index.ts'
import { failingBackend } from './failing-backend.ts'
import { aProposal, nodesOf } from './suite/chil-consensus-records.ts'
import { aTask, aWorkflow, tasksOf } from './suite/state-records.ts'

const HOUR_MS = 3_600_000

test('a workflow and the tasks that are saved with it are changed at one instant', async () => {
  let ticks = Date.parse('2026-03-01T12:00:00.000Z')
  await using store = createAgentStore({ backend: memory(), clock: { now: () => ticks++ } })
  await store.state.saveWorkflowState(aWorkflow('w', { taskStates: tasksOf(aTask('a'), aTask('b')) }))
  const instants = async () => {
    const { updatedAt, taskStates } = (await store.state.loadWorkflowState('w')) ?? {}
    return [updatedAt, ...(taskStates?.values() ?? [])].map((each) =>
      each instanceof Date ? each.getTime() : each?.updatedAt.getTime(),
    )
  }
  expect(new Set(await instants()).size).toBe(1)
  await store.state.saveTaskState('w', aTask('b', { status: 'running' }))
  const [workflow, , task] = await instants()
  expect(task).toBe(workflow)
  await store.state.updateTaskState('w', 'a', { status: 'running' })
  const [changed, first] = await instants()
  expect(first).toBe(changed)
})

test('a proposal that is made at the second attempt has the time of the second attempt', async () => {
  const clock = new ManualClock()
  let conflicts = 0
  const backend = failingBackend(memory(), () => {
    if (conflicts === 0) return false
    conflicts--
    clock.advance(HOUR_MS)
    throw new StoreError('CONFLICT', 'another transaction was first')
  })
  await using store = createAgentStore({ backend, clock })
  const { consensus } = store.chil
  await nodesOf(store, { a: 1 })
  conflicts = 1
  const { created_at } = await consensus.createProposal(aProposal('p'))
  expect([conflicts, created_at]).toEqual([0, new Date(clock.now()).toISOString()])
  conflicts = 1
  const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
  const late = consensus.createProposal(aProposal('q', { expires_at }))
  await expect(late).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
