/** What must hold however many call at once, for random calls and on every backend. */

import { type Harness, ManualClock, type Place } from '@coffer/conformance'
import { isStoreError } from '@coffer/core'
import { harnesses } from '@coffer-tooling/conformance/harnesses'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AgentStore, createAgentStore } from '../src/index.ts'
import { failingBackend } from './failing-backend.ts'

const { memory, file, sqlite, postgresql } = harnesses(async () => sharedServer())
/** Backends that wait for a disk or a server get fewer runs. */
const BACKENDS: readonly (readonly [Harness & { end?(): Promise<void> }, number])[] = [
  [memory, 100],
  [file, 40],
  [sqlite, 40],
  [postgresql, 20],
]

/** The code with which a call failed, or `'done'`. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => (isStoreError(error) ? error.code : 'thrown'),
  )
}

describe.each(BACKENDS)('$name', (harness, numRuns) => {
  let place: Place
  let store: AgentStore
  let runs = 0
  /** Writes that go well before the next one fails; never where it is undefined. */
  let writesLeft: number | undefined
  /** A tenant that nobody has used. */
  const fresh = () => store.tenant(`run ${++runs}`)

  beforeAll(async () => {
    place = await harness.create()
    const backend = failingBackend(place.backend(), () => writesLeft !== undefined && writesLeft-- === 0)
    store = createAgentStore({ backend, clock: new ManualClock(), maxAttempts: 200 })
  })
  afterAll(async () => {
    await store.close()
    await place.destroy()
    await harness.end?.()
  })

  test('every node is counted once however often it votes at once, and the tally is what the votes are', async () => {
    const choice = fc.constantFrom('accept', 'reject', 'abstain')
    const ballots = fc.array(fc.record({ voter: fc.nat({ max: 3 }), vote: choice }), {
      minLength: 1,
      maxLength: 10,
    })
    const weights = fc.array(fc.nat({ max: 5 }), { minLength: 4, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(weights, ballots, async (weighing, cast) => {
        const { consensus } = fresh().chil
        for (const [node, weight] of weighing.entries()) {
          await consensus.registerNode({ node_id: `${node}`, weight })
        }
        await consensus.createProposal({ proposal_id: 'p', proposer_id: '0', proposal_type: 'x', quorum: 0 })
        const codes = await Promise.all(
          cast.map(({ voter, vote }) =>
            codeOf(consensus.castVote({ proposal_id: 'p', voter_id: `${voter}`, vote })),
          ),
        )
        const counted = cast.filter((_ballot, place) => codes[place] === 'done')
        expect(counted.map(({ voter }) => voter).sort()).toEqual(
          [...new Set(cast.map(({ voter }) => voter))].sort(),
        )
        expect(codes.every((code) => code === 'done' || code === 'ALREADY_EXISTS')).toBe(true)
        const of = (wanted: string) => {
          const votes = counted.filter(({ vote }) => vote === wanted)
          return {
            count: votes.length,
            weight: votes.reduce((sum, { voter }) => sum + (weighing[voter] ?? 0), 0),
          }
        }
        const { accept, reject, abstain, outcome } = await consensus.tally('p')
        expect([accept, reject, abstain]).toEqual([of('accept'), of('reject'), of('abstain')])
        expect(outcome).toBe(of('accept').weight > of('reject').weight ? 'accepted' : 'rejected')
      }),
      { numRuns },
    )
  })

  test('transfers that meet, fail and are undone leave the total, nothing below zero, and what the events tell', async () => {
    const node = fc.nat({ max: 3 })
    const transfer = fc.record({
      from: node,
      to: node,
      amount: fc.integer({ min: -1, max: 6 }),
      // Told twice, a transfer has an id that is there already when both nodes have been written.
      event_id: fc.option(fc.constantFrom('e', 'f'), { nil: undefined }),
      isUndone: fc.boolean(),
    })
    const amounts = fc.array(fc.nat({ max: 9 }), { minLength: 4, maxLength: 4 })
    const transfers = fc.array(transfer, { minLength: 1, maxLength: 10 })
    const failure = fc.option(fc.nat({ max: 12 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(amounts, transfers, failure, async (held, wanted, failsAfter) => {
        const tenant = fresh()
        const { power } = tenant.chil
        for (const [place, amount] of held.entries()) {
          await power.createNode({ node_id: `${place}`, node_type: 'agent', amount })
        }
        writesLeft = failsAfter
        const codes = await Promise.all(
          wanted.map(({ from, to, isUndone, ...rest }) => {
            const given = { from: `${from}`, to: `${to}`, ...rest }
            if (!isUndone) return codeOf(power.transferPower(given))
            const undone = tenant.transaction(async (transaction) => {
              await transaction.chil.power.transferPower(given)
              throw new Error('changed my mind')
            })
            return codeOf(undone)
          }),
        )
        writesLeft = undefined
        const expected = [...held]
        const events = await power.listEvents()
        for (const { from_id, to_id, amount = 0 } of events) {
          expected[Number(from_id)] = (expected[Number(from_id)] ?? 0) - amount
          expected[Number(to_id)] = (expected[Number(to_id)] ?? 0) + amount
        }
        const nodes = await Promise.all(held.map((_amount, place) => power.getNode(`${place}`)))
        const after = nodes.map((each) => each?.amount ?? Number.NaN)
        expect(after).toEqual(expected)
        expect(Math.min(...after)).toBeGreaterThanOrEqual(0)
        expect(sum(after)).toBe(sum(held))
        expect(events.length).toBe(codes.filter((code) => code === 'done').length)
      }),
      { numRuns },
    )
  })

  test('of any number of workers that resume one workflow exactly one does, whatever guards them', async () => {
    const guardedBy = fc.constantFrom('version', 'status', 'both')
    await fc.assert(
      fc.asyncProperty(fc.array(guardedBy, { minLength: 2, maxLength: 8 }), async (guards) => {
        const { state } = fresh()
        await state.saveWorkflowState({ workflowId: 'w', status: 'paused', taskStates: new Map() })
        const { version } = (await state.loadWorkflowState('w')) ?? { version: 0 }
        const codes = await Promise.all(
          guards.map((guardedBy, worker) => {
            const taskId = `of ${worker}`
            const taskStates = new Map([[taskId, { taskId, status: 'running' }]])
            const guard = {
              ifVersion: guardedBy === 'status' ? undefined : version,
              expectedStatus: guardedBy === 'version' ? undefined : 'paused',
            }
            return codeOf(state.saveWorkflowState({ workflowId: 'w', status: 'running', taskStates }, guard))
          }),
        )
        const expected = [...guards.slice(1).map(() => 'VERSION_CONFLICT'), 'done']
        expect([...codes].sort()).toEqual(expected)
        const after = await state.loadWorkflowState('w')
        expect([after?.version, [...(after?.taskStates.keys() ?? [])]]).toEqual([
          version + 1,
          [`of ${codes.indexOf('done')}`],
        ])
      }),
      { numRuns },
    )
  })

  test('tasks that are written while the workflow is saved are all there or all replaced, never half', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 4 }), fc.nat({ max: 3 }), async (writers, savers) => {
        const { state } = fresh()
        await state.saveWorkflowState({ workflowId: 'w', status: 'running', taskStates: new Map() })
        const saves = Array.from({ length: savers }, (_each, saver) => {
          const tasks = ['x', 'y'].map((part) => ({ taskId: `${part}${saver}`, status: 'pending' }))
          const taskStates = new Map(tasks.map((task) => [task.taskId, task]))
          return state.saveWorkflowState({ workflowId: 'w', status: `${saver}`, taskStates })
        })
        const writes = Array.from({ length: writers }, (_each, writer) =>
          state.saveTaskState('w', { taskId: `t${writer}`, status: 'running' }),
        )
        await Promise.all([...saves, ...writes])
        const loaded = await state.loadWorkflowState('w')
        const saved = [...(loaded?.taskStates.keys() ?? [])].filter((id) => !id.startsWith('t'))
        const last = loaded?.status
        expect(saved).toEqual(savers === 0 ? [] : [`x${last}`, `y${last}`])
        expect(loaded?.version).toBe(1 + savers + writers)
      }),
      { numRuns },
    )
  })
})

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}
