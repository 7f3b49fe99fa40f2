/** What refusals say: the names that the caller uses, and where it went wrong. */

import assert from 'node:assert/strict'
import { isStoreError, type StoreError } from '@coffer/core'
import type { AgentStore } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { aBallot, aProposal, nodesOf } from './chil-consensus-records.ts'
import { holders } from './chil-power-records.ts'
import { aTask, aWorkflow } from './state-records.ts'
import { aChain } from './trust-chains.ts'

/** Methods whose first argument is an id, and what that is called. */
const ID_ARGUMENTS: readonly (readonly [string, string])[] = [
  ['registry.getResolution', 'resolutionId'],
  ['registry.deleteResolution', 'resolutionId'],
  ['registry.getSession', 'sessionId'],
  ['registry.deleteSession', 'sessionId'],
  ['trust.getChain', 'agentId'],
  ['trust.getChainEntry', 'agentId'],
  ['trust.getChainAt', 'agentId'],
  ['trust.chainHistory', 'agentId'],
  ['trust.pageChainHistory', 'agentId'],
  ['trust.verifyChainIntegrity', 'agentId'],
  ['trust.deleteChain', 'agentId'],
  ['state.loadWorkflowState', 'workflowId'],
  ['state.deleteWorkflowState', 'workflowId'],
  ['state.loadTaskStates', 'workflowId'],
  ['memories.getEntry', 'id'],
  ['memories.deleteEntry', 'id'],
  ['memories.rollbackTo', 'snapshotId'],
  ['memories.deleteSnapshot', 'snapshotId'],
  ['audit.getEntry', 'id'],
  ['audit.verifyEntry', 'id'],
  ['chil.verification.getRequest', 'requestId'],
  ['chil.verification.getAuditTrail', 'requestId'],
  ['chil.verification.verifyAuditTrail', 'requestId'],
  ['chil.consensus.getNode', 'node_id'],
  ['chil.consensus.recordHeartbeat', 'node_id'],
  ['chil.consensus.getProposal', 'proposal_id'],
  ['chil.consensus.tally', 'proposal_id'],
  ['chil.consensus.closeProposal', 'proposal_id'],
  ['chil.power.getNode', 'node_id'],
  ['chil.power.deleteNode', 'node_id'],
  ['chil.power.deleteRelation', 'relation_id'],
  ['chil.power.getEvent', 'event_id'],
  ['chil.power.getCoalition', 'coalition_id'],
  ['chil.power.dissolveCoalition', 'coalition_id'],
  ['chil.power.coalitionPower', 'coalition_id'],
  ['chil.framework.getExecution', 'executionId'],
  ['chil.framework.deleteExecution', 'executionId'],
  ['chil.framework.latestCheckpoint', 'executionId'],
  ['chil.evolution.getGeneration', 'generationId'],
  ['chil.evolution.closeGeneration', 'generationId'],
  ['chil.evolution.getAgent', 'agentId'],
  ['chil.evolution.deleteAgent', 'agentId'],
  ['chil.evolution.getAncestors', 'agentId'],
  ['chil.evolution.getDescendants', 'agentId'],
  ['chil.evolution.fitnessHistory', 'agentId'],
  ['chil.evolution.getSnapshot', 'snapshotId'],
  ['chil.evolution.verifySnapshot', 'snapshotId'],
  ['chil.evolution.deleteSnapshot', 'snapshotId'],
]

/** Calls a method by its name, as plain JavaScript can. */
async function callOf(store: AgentStore, path: string, ...parameters: readonly unknown[]): Promise<unknown> {
  const names = path.split('.')
  const last = names.pop() as string
  const methods = names.reduce<unknown>((at, name) => Reflect.get(at as object, name), store)
  return Reflect.apply(Reflect.get(methods as object, last), methods, parameters)
}

/** The error of a call that has to fail. */
async function failureOf(call: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  assert.ok(isStoreError(error))
  return error
}

const MOST = '2\\^53−1'

export const messageCases: readonly AgentCase[] = [
  {
    id: 'message-id-arguments',
    title: 'what is no id is refused by the name of its argument',
    methods: ID_ARGUMENTS.map(([path]) => path),
    run: async ({ store }) => {
      for (const [path, name] of ID_ARGUMENTS) {
        for (const bad of [undefined, '', 7]) {
          const message = new RegExp(`'${name}' must be text`)
          await assertFails(callOf(store, path, bad), 'INVALID_ARGUMENT', { message })
        }
      }
    },
  },
  {
    id: 'message-amounts',
    title: 'an amount that is none is refused once, with what amounts are',
    methods: ['chil.power.createNode', 'chil.power.transferPower'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 5, b: 0 })
      const once = (least: number) =>
        new RegExp(`: amount: expected a whole number from ${least} to ${MOST}[^;]*$`)
      for (const amount of [-1, 0.5, -0.5, Number.NaN, Infinity, 2 ** 53, '7', null].map(unchecked)) {
        const node = { node_id: 'n', node_type: 'agent', amount }
        await assertFails(power.createNode(node), 'INVALID_ARGUMENT', { message: once(0) })
        const transfer = { from: 'a', to: 'b', amount }
        await assertFails(power.transferPower(transfer), 'INVALID_ARGUMENT', { message: once(1) })
      }
      const nothing = { from: 'a', to: 'b', amount: 0 }
      await assertFails(power.transferPower(nothing), 'INVALID_ARGUMENT', { message: once(1) })
    },
  },
  {
    id: 'message-quoted-names',
    title: 'what is not there is told by the quoted name of its argument',
    methods: ['chil.power.transferPower', 'chil.power.joinCoalition', 'chil.consensus.castVote'],
    run: async ({ store }) => {
      const { power, consensus } = store.chil
      await holders(store, { a: 5, b: 0 })
      const to = { from: 'a', to: 'x', amount: 1 }
      await assertFails(power.transferPower(to), 'NOT_FOUND', { message: /that 'to' names/, keys: ['x'] })
      await assertFails(power.transferPower({ ...to, from: 'y' }), 'NOT_FOUND', {
        message: /that 'from' names/,
      })
      await power.formCoalition({ coalition_id: 'co', members: ['a'] })
      await assertFails(power.joinCoalition('co', 'x'), 'NOT_FOUND', { message: /'node_id'/, keys: ['x'] })
      await nodesOf(store, { a: 1 })
      const vote = consensus.castVote(aBallot('p', 'a'))
      await assertFails(vote, 'NOT_FOUND', { message: /that 'proposal_id' names/ })
    },
  },
  {
    id: 'message-own-names',
    title: 'times and words that mean nothing are refused in the caller’s own names',
    methods: ['trust.getChainAt', 'trust.listChains', 'trust.countChains', 'audit.queryByTimeRange'],
    run: async ({ store: { trust, audit }, clock }) => {
      await trust.storeChain(aChain('a'))
      for (const when of [undefined, 'yesterday', {}, new Date(Number.NaN), new Date(8.64e15)].map(
        unchecked,
      )) {
        await assertFails(trust.getChainAt('a', when), 'INVALID_ARGUMENT', {
          message: /: getChainAt takes a/,
        })
      }
      for (const [name, bad] of [
        ['metadataWords', ''],
        ['metadataWords', '!?'],
        ['authorityId', 7],
        ['capabilityType', ['access']],
        ['capability', null],
      ] as const) {
        const message = new RegExp(`^trust_chains: '${name}' takes a text`)
        await assertFails(trust.listChains(unchecked({ [name]: bad })), 'INVALID_ARGUMENT', { message })
        await assertFails(trust.countChains(unchecked({ [name]: bad })), 'INVALID_ARGUMENT', { message })
      }
      const now = new Date(clock.now())
      for (const bad of [undefined, null, 'soon', new Date(Number.NaN), new Date(8.64e15)].map(unchecked)) {
        const message = (name: string) => new RegExp(`queryByTimeRange: '${name}' takes`)
        await assertFails(audit.queryByTimeRange(now, bad), 'INVALID_ARGUMENT', { message: message('to') })
        await assertFails(audit.queryByTimeRange(bad, now), 'INVALID_ARGUMENT', { message: message('from') })
      }
    },
  },
  {
    id: 'message-places',
    title: 'what is not there or not as it was expected is told with its collection and its keys',
    methods: [
      'trust.getChain',
      'state.saveWorkflowState',
      'state.saveTaskState',
      'state.updateTaskState',
      'memories.rollbackTo',
      'audit.verifyEntry',
      'chil.verification.claimRequest',
      'chil.consensus.advanceTerm',
      'chil.consensus.createProposal',
      'chil.power.deleteNode',
      'chil.framework.activateConfiguration',
      'chil.framework.setConfiguration',
      'chil.framework.reportProgress',
      'chil.evolution.getAncestors',
      'chil.evolution.openGeneration',
    ],
    run: async ({ store }) => {
      const { trust, state, memories, audit, chil } = store
      await state.saveWorkflowState(aWorkflow('w'))
      await holders(store, { a: 5 })
      await nodesOf(store, { a: 1 })
      await chil.consensus.updateNode('a', { status: 'failed' })
      await chil.framework.setConfiguration('c', {})
      await chil.framework.startExecution({ execution_id: 'e', framework: 'x' })
      await chil.evolution.openGeneration({ generation_id: 'g', population: 'p' })
      const calls = [
        trust.getChain('x'),
        trust.updateChain('x', aChain('x')),
        state.saveWorkflowState(aWorkflow('w'), { ifVersion: 7 }),
        state.saveTaskState('w', aTask('t'), undefined, { expectedStatus: 'running' }),
        state.updateTaskState('w', 't', { status: 'done' }),
        memories.rollbackTo('x'),
        audit.verifyEntry('x'),
        chil.verification.claimRequest('x', 'worker'),
        chil.consensus.advanceTerm({ expected_term: 7 }),
        chil.consensus.createProposal(aProposal('p')),
        chil.consensus.updateNode('x', { weight: 1 }),
        chil.power.deleteNode('a'),
        chil.power.dissolveCoalition('x'),
        chil.framework.activateConfiguration('c', 9),
        chil.framework.setConfiguration('c', {}, { ifVersion: 7 }),
        chil.framework.reportProgress({ execution_id: 'e', attempt: 7 }, { progress: 0 }),
        chil.evolution.getAncestors('x'),
        chil.evolution.openGeneration({ generation_id: 'h', population: 'p' }),
      ]
      for (const call of await Promise.all(calls.map(failureOf))) {
        assert.match(call.code, /^(NOT_FOUND|VERSION_CONFLICT)$/)
        assert.equal(typeof call.collection, 'string', call.message)
        assert.ok(call.keys !== undefined && call.keys.length > 0, call.message)
      }
    },
  },
]
