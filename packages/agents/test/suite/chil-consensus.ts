/** Consensus: nodes, proposals, votes, terms. */

import assert from 'node:assert/strict'
import {
  type ConsensusNode,
  type ConsensusNodeListOptions,
  consensusNode,
  type NewConsensusProposal,
  type ProposalListOptions,
} from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aBallot, aProposal, nodesOf } from './chil-consensus-records.ts'

const HOUR_MS = 3_600_000

const nodeCases: readonly AgentCase[] = [
  {
    id: 'consensus-node-round-trip',
    title: 'a node is registered once, active and of weight 1, and comes back as it was answered',
    methods: ['chil.consensus.registerNode', 'chil.consensus.getNode'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      const given = { node_id: 'n', address: 'host:1', public_key: 'pk', metadata: { rack: 7 } }
      const node = await consensus.registerNode(given)
      const registered_at = new Date(clock.now()).toISOString()
      const known = { status: 'active', weight: 1, registered_at, last_heartbeat: null }
      assert.deepEqual(node, { ...given, ...known })
      assert.deepEqual(await consensus.getNode('n'), node)
      assert.ok(consensusNode.safeParse(node).success)
      await assertFails(consensus.registerNode({ node_id: 'n', weight: 9 }), 'ALREADY_EXISTS')
      assert.equal((await consensus.getNode('n'))?.weight, 1)
      assert.equal(await consensus.getNode('nobody'), undefined)
    },
  },
  {
    id: 'consensus-node-changed',
    title: 'a change replaces what it names, a heartbeat tells its time, an unknown node has neither',
    methods: ['chil.consensus.updateNode', 'chil.consensus.recordHeartbeat'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      const before = await consensus.registerNode({ node_id: 'n', address: 'a', metadata: { a: 1, b: 2 } })
      const change = { status: 'failed', weight: 5, metadata: { b: 3 } } as const
      const after = await consensus.updateNode('n', { ...change, address: undefined })
      assert.deepEqual(after, { ...before, ...change })
      clock.advance(HOUR_MS)
      const last_heartbeat = new Date(clock.now()).toISOString()
      assert.deepEqual(await consensus.recordHeartbeat('n'), { ...after, last_heartbeat })
      assert.deepEqual(await consensus.getNode('n'), { ...after, last_heartbeat })
      await assertFails(consensus.updateNode('nobody', { weight: 1 }), 'NOT_FOUND')
      await assertFails(consensus.recordHeartbeat('nobody'), 'NOT_FOUND')
    },
  },
  {
    id: 'consensus-node-refused',
    title: 'what is no node or no change of one is refused, and nothing changes',
    methods: ['chil.consensus.registerNode', 'chil.consensus.updateNode', 'chil.consensus.getNode'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      const node = await consensus.registerNode({ node_id: 'n' })
      const nodes = [
        undefined,
        {},
        { node_id: '' },
        { node_id: 'm', weight: -1 },
        { node_id: 'm', weight: 0.5 },
      ]
      const more = [
        { node_id: 'm', weight: 2e9 },
        { node_id: 'm', status: 'asleep' },
        { node_id: 'm', term: 1 },
      ]
      for (const bad of [...nodes, ...more]) {
        await assertFails(consensus.registerNode(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      for (const bad of [null, { node_id: 'm' }, { weight: 'heavy' }, { registered_at: 'now' }]) {
        await assertFails(consensus.updateNode('n', unchecked(bad)), 'INVALID_ARGUMENT')
      }
      await assertFails(consensus.getNode(''), 'INVALID_ARGUMENT')
      await assertFails(consensus.recordHeartbeat(''), 'INVALID_ARGUMENT')
      assert.deepEqual(await consensus.listNodes(), [node])
    },
  },
  {
    id: 'consensus-node-lists',
    title: 'nodes are listed by id, by status and weight, in pages',
    methods: ['chil.consensus.listNodes', 'chil.consensus.pageNodes', 'chil.consensus.iterateNodes'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { b: 2, a: 1, d: 4, c: 3 })
      await consensus.updateNode('c', { status: 'syncing' })
      clock.advance(HOUR_MS)
      await consensus.recordHeartbeat('d')
      const ids = (nodes: readonly ConsensusNode[]) => nodes.map(({ node_id }) => node_id).join('')
      const list = async (options: ConsensusNodeListOptions) => ids(await consensus.listNodes(options))
      assert.equal(await list({}), 'abcd')
      assert.equal(await list({ status: 'active', weight: { gte: 2 } }), 'bd')
      assert.equal(await list({ last_heartbeat: { gte: new Date(clock.now()) } }), 'd')
      const first = await consensus.pageNodes({ limit: 3 })
      assert.equal(ids(first.records), 'abc')
      assert.equal(ids((await consensus.pageNodes({ limit: 3, cursor: first.next })).records), 'd')
      assert.equal(ids(await gathered(consensus.iterateNodes({ limit: 1 }))), 'abcd')
      await assertFails(consensus.listNodes(unchecked({ metadata: 1 })), 'INVALID_ARGUMENT')
      await assertFails(consensus.listNodes(unchecked(null)), 'INVALID_ARGUMENT')
      await assertFails(gathered(consensus.iterateNodes(unchecked(null))), 'INVALID_ARGUMENT')
    },
  },
]

const proposalCases: readonly AgentCase[] = [
  {
    id: 'consensus-proposal-round-trip',
    title: 'a proposal waits for votes in the present term and comes back as it was answered',
    methods: ['chil.consensus.createProposal', 'chil.consensus.getProposal'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1 })
      const created_at = new Date(clock.now()).toISOString()
      const known = { status: 'pending', created_at, decided_at: null, result: null }
      const plain = await consensus.createProposal(aProposal('p'))
      const defaults = { content: null, quorum: 0.5, threshold: null, expires_at: null, term: 0 }
      assert.deepEqual(plain, { ...aProposal('p'), ...defaults, ...known })
      await consensus.advanceTerm()
      const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
      const more = {
        content: [1, { x: null }],
        quorum: 0.25,
        threshold: 2 / 3,
        expires_at,
        term: 1,
        metadata: {},
      }
      const full = await consensus.createProposal(aProposal('q', more))
      assert.deepEqual(full, { ...aProposal('q'), ...more, ...known })
      assert.deepEqual(await consensus.getProposal('p'), plain)
      assert.deepEqual(await consensus.getProposal('q'), full)
      assert.equal(await consensus.getProposal('nobody'), undefined)
    },
  },
  {
    id: 'consensus-proposal-refused',
    title:
      'a proposal of an unknown or inactive node, of another term, of a used id or of no sense is refused',
    methods: ['chil.consensus.createProposal', 'chil.consensus.listProposals'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1 })
      await consensus.updateNode('b', { status: 'inactive' })
      const create = (more: Partial<NewConsensusProposal>) => consensus.createProposal(aProposal('p', more))
      await assertFails(create({ proposer_id: 'nobody' }), 'NOT_FOUND', { message: /proposer_id/ })
      await assertFails(create({ proposer_id: 'b' }), 'VERSION_CONFLICT', { message: /not active/ })
      await assertFails(create({ term: 1 }), 'VERSION_CONFLICT', { message: /term/ })
      const bad = [
        { quorum: 1.1 },
        { quorum: -0.1 },
        { threshold: 0 },
        { threshold: 2 },
        { proposal_type: '' },
      ]
      const worse = [
        { term: -1 },
        { status: 'accepted' },
        { expires_at: 'soon' },
        { proposal_id: '' },
        { mood: 1 },
      ]
      for (const more of [...bad, ...worse]) await assertFails(create(unchecked(more)), 'INVALID_ARGUMENT')
      const now = new Date(clock.now()).toISOString()
      await assertFails(create({ expires_at: now }), 'INVALID_ARGUMENT', { message: /expires_at/ })
      assert.deepEqual(await consensus.listProposals(), [])
      const proposal = await create({})
      await assertFails(create({ content: 'other' }), 'ALREADY_EXISTS')
      assert.deepEqual(await consensus.listProposals(), [proposal])
    },
  },
  {
    id: 'consensus-proposal-lists',
    title: 'proposals are listed newest first, by status, type, term and end, in pages',
    methods: [
      'chil.consensus.listProposals',
      'chil.consensus.pageProposals',
      'chil.consensus.iterateProposals',
    ],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1 })
      const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
      await consensus.createProposal(aProposal('1', { expires_at }))
      clock.advance(HOUR_MS)
      await consensus.createProposal(aProposal('2', { proposal_type: 'other' }))
      await consensus.advanceTerm()
      await consensus.createProposal(aProposal('3'))
      await consensus.closeProposal('2')
      const ids = async (options: ProposalListOptions) =>
        (await consensus.listProposals(options)).map(({ proposal_id }) => proposal_id).join('')
      assert.equal(await ids({}), '321')
      assert.equal(await ids({ status: 'pending' }), '31')
      assert.equal(await ids({ proposal_type: 'other' }), '2')
      assert.equal(await ids({ term: 1, proposer_id: 'a' }), '3')
      assert.equal(await ids({ status: 'pending', expires_at: { lte: new Date(clock.now()) } }), '1')
      const page = await consensus.pageProposals({ limit: 2 })
      const rest = await consensus.pageProposals({ limit: 2, cursor: page.next })
      assert.deepEqual(
        [...page.records, ...rest.records],
        await gathered(consensus.iterateProposals({ limit: 1 })),
      )
      await assertFails(consensus.listProposals(unchecked({ content: 1 })), 'INVALID_ARGUMENT')
    },
  },
]

const closingCases: readonly AgentCase[] = [
  {
    id: 'consensus-closed',
    title: 'closing stores what the tally says, once and for all',
    methods: ['chil.consensus.closeProposal', 'chil.consensus.tally', 'chil.consensus.castVote'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1, c: 1 })
      await consensus.createProposal(aProposal('p'))
      await consensus.castVote(aBallot('p', 'a'))
      await consensus.castVote(aBallot('p', 'b'))
      const result = await consensus.tally('p')
      clock.advance(HOUR_MS)
      const closed = await consensus.closeProposal('p')
      const decided_at = new Date(clock.now()).toISOString()
      assert.deepEqual([closed.status, closed.decided_at, closed.result], ['accepted', decided_at, result])
      assert.deepEqual(await consensus.getProposal('p'), closed)
      await nodesOf(store, { d: 100 })
      assert.deepEqual(await consensus.tally('p'), result)
      await assertFails(consensus.closeProposal('p'), 'VERSION_CONFLICT')
      await assertFails(consensus.castVote(aBallot('p', 'c')), 'VERSION_CONFLICT', { message: /closed/ })
      assert.equal((await consensus.listVotes({ proposal_id: 'p' })).length, 2)
    },
  },
  {
    id: 'consensus-unknown-proposal',
    title: 'an unknown proposal is neither counted nor closed',
    methods: ['chil.consensus.closeProposal', 'chil.consensus.tally'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await assertFails(consensus.tally('nobody'), 'NOT_FOUND', { message: /proposal_id/ })
      await assertFails(consensus.closeProposal('nobody'), 'NOT_FOUND', { message: /proposal_id/ })
      await assertFails(consensus.tally(''), 'INVALID_ARGUMENT')
      await assertFails(consensus.closeProposal(unchecked(7)), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'consensus-close-race',
    title: 'of several that close a proposal one does, and every vote is counted or refused',
    methods: ['chil.consensus.closeProposal', 'chil.consensus.castVote'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1, c: 1, d: 1 })
      await consensus.createProposal(aProposal('p', { quorum: 0 }))
      const votes = ['a', 'b', 'c', 'd'].map((voter) => consensus.castVote(aBallot('p', voter)))
      const closings = [0, 1, 2].map(() => consensus.closeProposal('p'))
      const [voted, closed] = await Promise.all([Promise.allSettled(votes), Promise.allSettled(closings)])
      const cast = voted.filter(({ status }) => status === 'fulfilled').length
      assert.equal(closed.filter(({ status }) => status === 'fulfilled').length, 1)
      assert.equal((await consensus.getProposal('p'))?.result?.accept.count, cast)
      assert.equal((await consensus.listVotes({ proposal_id: 'p' })).length, cast)
    },
  },
]

export const chilConsensusCases: readonly AgentCase[] = [...nodeCases, ...proposalCases, ...closingCases]
