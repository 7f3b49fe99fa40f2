/**
 * The persistence layer of BrahminyKite, snippet by snippet in the order of its document, on any backend:
 * `node examples/src/brahminykite.ts [config.json]`, where the file holds what `createStore` takes.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type AgentStore,
  createAgentStore,
  hasMany,
  repository,
  verificationRequests,
  verificationResults,
} from '@coffer/agents'
import { isStoreError, type OperationEvent } from '@coffer/core'
import { givenConfig } from './given-config.ts'
import { bad, good, say, step, table } from './stage.ts'

const HOUR_MS = 3_600_000

async function basicUsage({ chil: { verification } }: AgentStore): Promise<void> {
  step('Create a verification request', `await verification.createVerificationRequest({ … })`)
  const request = await verification.createVerificationRequest({
    request_id: 'req_123',
    client_id: 'client_1',
    content: 'AI response to verify',
    content_type: 'text',
    frameworks: ['consistency', 'empirical'],
  })
  good(`${request.request_id} is ${request.status}, for ${request.frameworks.join(' and ')}`)
  step('Query requests', `await verification.getPendingRequests({ limit: 10 })`)
  const pending = await verification.getPendingRequests({ limit: 10 })
  good(`pending: ${pending.map((each) => each.request_id).join(', ')}`)
}

async function processing({ chil: { verification } }: AgentStore): Promise<void> {
  step('Two workers, one request', `await verification.claimRequest('req_123', worker)`)
  const workers = ['worker_1', 'worker_2']
  const claims = await Promise.all(
    workers.map((worker) =>
      verification.claimRequest('req_123', worker).then(
        () => 'has it',
        (error: unknown) => (isStoreError(error) ? error.code : String(error)),
      ),
    ),
  )
  // Which of the two is first differs from run to run.
  const [loser = '', winner = ''] = claims.sort()
  table([
    ['one worker', winner],
    ['the other', loser],
  ])
  step('Results, with their request', `await verification.recordResult({ … })`)
  const worker = (await verification.getRequest('req_123'))?.claimed_by ?? ''
  const judged = { request_id: 'req_123', worker }
  await verification.recordResult({ ...judged, framework: 'consistency', verdict: 'pass', score: 0.9 })
  const last = { ...judged, framework: 'empirical', verdict: 'fail', score: 0.2 } as const
  const { request } = await verification.recordResult(last)
  good(`${request.request_id} is ${request.status}`)
  const trail = await verification.getAuditTrail('req_123')
  const { ok } = await verification.verifyAuditTrail('req_123')
  good(`audit trail: ${trail.map((entry) => entry.event).join(', ')}; in order: ${ok}`)
  const metrics = await verification.aggregateMetrics({ everyMs: HOUR_MS })
  table(metrics.map((row) => [row.framework, `${row.results} result`, `mean score ${row.mean_score}`]))
}

async function repositories(store: AgentStore): Promise<void> {
  step(
    'The base repository: filters, pages, related records',
    `const requests = repository(store, verificationRequests, { relations: {`,
    `  results: hasMany(verificationResults, 'request_id') } })`,
    `await requests.list({ where: { client_id: 'client_1' }, with: ['results'] })`,
  )
  const requests = repository(store, verificationRequests, {
    relations: { results: hasMany(verificationResults, 'request_id') },
  })
  const found = await requests.list({ where: { client_id: 'client_1' }, with: ['results'] })
  table(found.map((each) => [each.request_id, each.results.map((result) => result.verdict).join(', ')]))
}

async function monitoring({ chil: { verification } }: AgentStore): Promise<void> {
  step('Monitoring', `subscribe('coffer:operation', (event) => { … })`)
  const seen: string[][] = []
  const listener = (event: unknown) => {
    const { collection, operation, error, durationMs } = event as OperationEvent
    if (collection === 'verification_results' && Number.isFinite(durationMs)) {
      seen.push([collection, operation, error ?? 'ok'])
    }
  }
  subscribe('coffer:operation', listener)
  const risky = await verification.listResults({ verdict: 'fail', score: { lt: 0.3 } })
  unsubscribe('coffer:operation', listener)
  table(seen)
  say(`high risk: ${risky.map((result) => result.request_id).join(', ')}`)
}

async function consensusAndPower({ chil: { consensus, power } }: AgentStore): Promise<void> {
  step('Consensus: proposal voting', `await consensus.castVote({ … })`, `await consensus.tally(id)`)
  for (const node_id of ['n1', 'n2', 'n3']) await consensus.registerNode({ node_id })
  await consensus.createProposal({ proposal_id: 'p', proposer_id: 'n1', proposal_type: 'upgrade' })
  await consensus.castVote({ proposal_id: 'p', voter_id: 'n1', vote: 'accept' })
  await consensus.castVote({ proposal_id: 'p', voter_id: 'n2', vote: 'accept' })
  const { accept, outcome } = await consensus.tally('p')
  good(`${accept.count} of 3 accept: ${outcome}`)
  step('Power dynamics: transfers', `await power.transferPower({ … })`)
  await power.createNode({ node_id: 'a', node_type: 'agent', amount: 10 })
  await power.createNode({ node_id: 'b', node_type: 'agent' })
  await power.transferPower({ from: 'a', to: 'b', amount: 4 })
  const nodes = await power.listNodes({ node_id: { in: ['a', 'b'] } })
  good(
    nodes
      .map((node) => `${node.node_id} has ${node.amount}`)
      .sort()
      .join(', '),
  )
}

async function frameworksAndEvolution({ chil: { framework, evolution } }: AgentStore): Promise<void> {
  step('Frameworks: checkpoints', `await framework.saveCheckpoint(run, state)`)
  const run = await framework.startExecution({ execution_id: 'run_1', framework: 'empirical' })
  await framework.saveCheckpoint(run, { claims_checked: 7 })
  const read = (await framework.getExecution('run_1')) ?? run
  const { execution, checkpoint } = await framework.resumeExecution(read)
  good(`attempt ${execution.attempt} goes on from ${JSON.stringify(checkpoint?.state)}`)
  step('Evolution: agents and fitness', `await evolution.recordFitness({ … })`)
  await evolution.openGeneration({ generation_id: 'g1', population: 'solvers' })
  const parents = ['adam', 'eve'].map((agent_id) => ({ agent_id, generation_id: 'g1', genome: {} }))
  const child = { agent_id: 'abel', generation_id: 'g1', genome: {}, parent_ids: ['adam', 'eve'] }
  await evolution.createAgents([...parents, child])
  await evolution.recordFitness({ agent_id: 'adam', fitness: 0.1 })
  await evolution.recordFitness({ agent_id: 'abel', fitness: 0.2 })
  const { statistics } = await evolution.closeGeneration('g1')
  if (statistics === null) bad('the generation has no statistics')
  else good(`best ${statistics.best_agent_id}, mean fitness ${statistics.mean_fitness}`)
  const ancestors = await evolution.getAncestors('abel')
  say(`ancestors of abel: ${ancestors.map(({ agent }) => agent.agent_id).join(', ')}`)
}

/** A clock that stands still makes every run say the same. */
const clock = { now: () => Date.parse('2026-03-01T12:00:00Z') }
await using store = createAgentStore({ ...(await givenConfig()), clock })
await basicUsage(store)
await processing(store)
await repositories(store)
await monitoring(store)
await consensusAndPower(store)
await frameworksAndEvolution(store)
