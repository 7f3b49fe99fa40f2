/** Agents that evolve, and their lineage in both directions. */

import assert from 'node:assert/strict'
import type { Relative } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { anAgent, bred } from './chil-generations.ts'

function shown(relatives: readonly Relative[]): string {
  return relatives.map(({ agent, distance }) => `${agent.agent_id}${distance}`).join(' ')
}

export const chilLineageCases: readonly AgentCase[] = [
  {
    id: 'chil-agent-created',
    title: 'an agent is made with its genome in an open generation',
    methods: ['chil.evolution.createAgent', 'chil.evolution.getAgent'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      const given = { agent_id: 'b', generation_id: 'g1', genome: { genes: [1, 2] }, traits: { bold: true } }
      const created = await evolution.createAgent(given)
      assert.deepEqual(created, {
        ...given,
        population: 'p',
        generation: 1,
        parent_ids: [],
        evaluations: 0,
        fitness: null,
        best_fitness: null,
        created_at: '2026-03-01T12:00:00.000Z',
      })
      assert.deepEqual(await evolution.getAgent('b'), created)
      await assertFails(evolution.createAgent(given), 'ALREADY_EXISTS')
      assert.equal(await evolution.getAgent('nobody'), undefined)
    },
  },
  {
    id: 'chil-agent-references',
    title: 'an agent needs its generation and all of its parents',
    methods: ['chil.evolution.createAgent', 'chil.evolution.createAgents'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      await assertFails(evolution.createAgent(anAgent('b', ['a', 'nobody'])), 'REFERENCE_VIOLATION')
      await assertFails(evolution.createAgent(anAgent('b', [], 'nowhere')), 'REFERENCE_VIOLATION')
      const brood = [anAgent('b', ['a']), anAgent('c', ['nobody'])]
      await assertFails(evolution.createAgents(brood), 'REFERENCE_VIOLATION')
      assert.deepEqual(
        (await evolution.listAgents()).map((each) => each.agent_id),
        ['a'],
      )
    },
  },
  {
    id: 'chil-agent-references-answered',
    title: 'an absent parent is an answer: a transaction that gets it goes on',
    methods: ['chil.evolution.createAgent'],
    inTransactions: false,
    run: async ({ store }) => {
      await bred(store)
      await store.transaction(async ({ chil: { evolution } }) => {
        await assertFails(evolution.createAgent(anAgent('b', ['nobody'])), 'REFERENCE_VIOLATION')
        await evolution.createAgent(anAgent('a'))
      })
      assert.ok(await store.chil.evolution.getAgent('a'))
    },
  },
  {
    id: 'chil-agent-cycle',
    title: 'nobody becomes an ancestor of himself',
    methods: ['chil.evolution.createAgent', 'chil.evolution.createAgents'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store)
      await assertFails(evolution.createAgent(anAgent('a', ['a'])), 'INVALID_ARGUMENT')
      const circle = [anAgent('a', ['b']), anAgent('b', ['a'])]
      await assertFails(evolution.createAgents(circle), 'INVALID_ARGUMENT', { index: 0 })
      assert.deepEqual(await evolution.listAgents(), [])
    },
  },
  {
    id: 'chil-agent-bulk',
    title: 'many agents are made all or none, parents before children',
    methods: ['chil.evolution.createAgents'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store)
      assert.deepEqual(await evolution.createAgents([]), [])
      const family = [anAgent('a'), anAgent('b', ['a']), anAgent('c', ['b', 'a'])]
      const created = await evolution.createAgents(family)
      assert.deepEqual(created[2]?.parent_ids, ['b', 'a'])
      await assertFails(evolution.createAgents([anAgent('d'), anAgent('a')]), 'ALREADY_EXISTS', { index: 1 })
      const bad = [anAgent('d'), unchecked({ ...anAgent('e'), colour: 'red' })]
      await assertFails(evolution.createAgents(bad), 'INVALID_ARGUMENT', { index: 1 })
      await assertFails(evolution.createAgents(unchecked('family')), 'INVALID_ARGUMENT')
      assert.equal((await evolution.listAgents()).length, 3)
    },
  },
  {
    id: 'chil-agent-refused',
    title: 'what is no agent is refused',
    methods: ['chil.evolution.createAgent'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      const bad: unknown[] = [
        null,
        anAgent('b', ['a', 'a']),
        { ...anAgent('b'), genome: 'ACGT' },
        { ...anAgent('b'), fitness: 1 },
        anAgent(
          'b',
          Array.from({ length: 101 }, (_each, index) => `${index}`),
        ),
      ]
      for (const each of bad) {
        await assertFails(evolution.createAgent(unchecked(each)), 'INVALID_ARGUMENT')
      }
      assert.equal((await evolution.listAgents()).length, 1)
    },
  },
  {
    id: 'chil-agent-lists',
    title: 'agents are listed fittest first, filtered, page by page',
    methods: ['chil.evolution.listAgents', 'chil.evolution.pageAgents', 'chil.evolution.iterateAgents'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a', 'b', 'c')
      await evolution.recordFitness({ agent_id: 'b', fitness: 1 })
      await evolution.recordFitness({ agent_id: 'c', fitness: 2 })
      const ids = (agents: readonly { readonly agent_id: string }[]) =>
        agents.map((each) => each.agent_id).join('')
      assert.equal(ids(await evolution.listAgents()), 'cba')
      assert.equal(ids(await evolution.listAgents({ best_fitness: { lt: 2 }, population: 'p' })), 'b')
      const page = await evolution.pageAgents({ limit: 2 })
      const next = await evolution.pageAgents({ limit: 2, cursor: page.next })
      assert.equal(ids([...page.records, ...next.records]), 'cba')
      assert.equal(ids(await gathered(evolution.iterateAgents({ limit: 1, generation: 1 }))), 'cba')
      await assertFails(evolution.listAgents(unchecked({ genome: {} })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'chil-agent-deleted',
    title: 'an agent with children stays; one without goes with its evaluations',
    methods: ['chil.evolution.deleteAgent'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      await evolution.createAgent(anAgent('b', ['a']))
      await evolution.recordFitness({ agent_id: 'b', fitness: 1 })
      await assertFails(evolution.deleteAgent('a'), 'REFERENCE_VIOLATION')
      assert.equal(await evolution.deleteAgent('b'), true)
      assert.equal(await evolution.deleteAgent('b'), false)
      assert.deepEqual(await evolution.listFitness(), [])
      assert.equal(await evolution.deleteAgent('a'), true)
    },
  },
  {
    id: 'chil-lineage',
    title: 'a lineage goes up and down, nearest first, everybody once',
    methods: ['chil.evolution.getAncestors', 'chil.evolution.getDescendants'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a', 'b')
      const family = [anAgent('c', ['b', 'a']), anAgent('d', ['a']), anAgent('e', ['c', 'd', 'a'])]
      await evolution.createAgents(family)
      assert.equal(shown(await evolution.getAncestors('e')), 'a1 c1 d1 b2')
      assert.equal(shown(await evolution.getAncestors('e', { depth: 1 })), 'a1 c1 d1')
      assert.equal(shown(await evolution.getAncestors('a')), '')
      assert.equal(shown(await evolution.getDescendants('b')), 'c1 e2')
      assert.equal(shown(await evolution.getDescendants('a', { depth: 1 })), 'c1 d1 e1')
      assert.equal(shown(await evolution.getDescendants('e')), '')
      const [parent] = await evolution.getAncestors('c', { depth: 1 })
      assert.deepEqual(parent?.agent, await evolution.getAgent('a'))
    },
  },
  {
    id: 'chil-lineage-order',
    title: 'relatives of one distance stand in the order of a store',
    methods: ['chil.evolution.getDescendants'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      // In UTF-16 the second would come first.
      const ids = ['\u{fffd}', '\u{1f600}', 'z']
      await evolution.createAgents(ids.map((id) => anAgent(id, ['a'])))
      const found = await evolution.getDescendants('a')
      assert.deepEqual(
        found.map(({ agent }) => agent.agent_id),
        ['z', '\u{fffd}', '\u{1f600}'],
      )
    },
  },
  {
    id: 'chil-lineage-bounded',
    title: 'a lineage of more agents than its bound is refused, and a depth makes it smaller',
    methods: ['chil.evolution.getDescendants'],
    inTransactions: false,
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      const children = Array.from({ length: 10_000 }, (_each, index) => anAgent(`child ${index}`, ['b']))
      await evolution.createAgents([anAgent('b', ['a']), ...children])
      assert.equal((await evolution.getDescendants('b')).length, 10_000)
      await assertFails(evolution.getDescendants('a'), 'LIMIT_EXCEEDED')
      assert.equal((await evolution.getDescendants('a', { depth: 1 })).length, 1)
      await evolution.createAgent(anAgent('one too many', ['b']))
      await assertFails(evolution.getDescendants('b'), 'LIMIT_EXCEEDED')
    },
  },
  {
    id: 'chil-lineage-refused',
    title: 'a lineage needs an agent and a depth within bounds',
    methods: ['chil.evolution.getAncestors', 'chil.evolution.getDescendants'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      for (const lineage of [evolution.getAncestors, evolution.getDescendants]) {
        await assertFails(lineage('nobody'), 'NOT_FOUND')
        for (const bad of [{ depth: 0 }, { depth: 1_001 }, { depth: 1.5 }, { length: 1 }, null]) {
          await assertFails(lineage('a', unchecked(bad)), 'INVALID_ARGUMENT')
        }
      }
    },
  },
]
