/** Generations of an evolution, and the fitness of what lives in them. */

import assert from 'node:assert/strict'
import type { AgentStore, NewEvolutionAgent } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'

const NOON = '2026-03-01T12:00:00.000Z'
const first = { generation_id: 'g1', population: 'p' } as const
const second = { generation_id: 'g2', population: 'p' } as const

export function anAgent(
  id: string,
  parent_ids: readonly string[] = [],
  generation = 'g1',
): NewEvolutionAgent {
  return { agent_id: id, generation_id: generation, genome: { name: id }, parent_ids: [...parent_ids] }
}

/** The first generation of a population, with these agents. */
export async function bred(store: AgentStore, ...ids: readonly string[]): Promise<void> {
  await store.chil.evolution.openGeneration(first)
  await store.chil.evolution.createAgents(ids.map((id) => anAgent(id)))
}

const generationCases: readonly AgentCase[] = [
  {
    id: 'chil-generation-life',
    title: 'generations of a population are numbered, and open one after the other',
    methods: [
      'chil.evolution.openGeneration',
      'chil.evolution.getGeneration',
      'chil.evolution.currentGeneration',
      'chil.evolution.closeGeneration',
    ],
    run: async ({ store: { chil }, clock }) => {
      const { evolution } = chil
      assert.equal(await evolution.currentGeneration('p'), undefined)
      const opened = await evolution.openGeneration({ ...first, parameters: { rate: 0.1 } })
      const expected = { ...first, parameters: { rate: 0.1 }, number: 1, status: 'open', opened_at: NOON }
      assert.deepEqual(opened, { ...expected, closed_at: null, statistics: null })
      assert.deepEqual(await evolution.getGeneration('g1'), opened)
      assert.deepEqual(await evolution.currentGeneration('p'), opened)
      await assertFails(evolution.openGeneration(second), 'VERSION_CONFLICT')
      await assertFails(evolution.openGeneration(first), 'ALREADY_EXISTS')
      assert.equal((await evolution.openGeneration({ generation_id: 'q1', population: 'q' })).number, 1)
      clock.advance(1_000)
      const closed = await evolution.closeGeneration('g1')
      assert.deepEqual([closed.status, closed.closed_at], ['closed', '2026-03-01T12:00:01.000Z'])
      assert.equal(await evolution.currentGeneration('p'), undefined)
      assert.equal((await evolution.openGeneration(second)).number, 2)
      await assertFails(evolution.closeGeneration('g1'), 'VERSION_CONFLICT')
      await assertFails(evolution.closeGeneration('nobody'), 'NOT_FOUND')
      assert.equal(await evolution.getGeneration('nobody'), undefined)
    },
  },
  {
    id: 'chil-generation-race',
    title: 'of several that open or close a generation at once exactly one does',
    methods: ['chil.evolution.openGeneration', 'chil.evolution.closeGeneration'],
    inTransactions: false,
    run: async ({ store: { chil } }) => {
      const { evolution } = chil
      const refused = async (calls: readonly Promise<unknown>[]) =>
        (await Promise.allSettled(calls)).flatMap((each) =>
          each.status === 'rejected' ? [each.reason.code] : [],
        )
      const ids = ['a', 'b', 'c']
      const opening = ids.map((generation_id) => evolution.openGeneration({ generation_id, population: 'p' }))
      assert.deepEqual(await refused(opening), ['VERSION_CONFLICT', 'VERSION_CONFLICT'])
      const { generation_id = '' } = (await evolution.currentGeneration('p')) ?? {}
      const closing = ids.map(() => evolution.closeGeneration(generation_id))
      assert.deepEqual(await refused(closing), ['VERSION_CONFLICT', 'VERSION_CONFLICT'])
      assert.equal((await evolution.listGenerations()).length, 1)
    },
  },
  {
    id: 'chil-generation-closing-race',
    title: 'what meets the end of a generation is counted by it or refused',
    methods: ['chil.evolution.closeGeneration', 'chil.evolution.createAgent', 'chil.evolution.recordFitness'],
    inTransactions: false,
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a', 'b', 'c')
      const evaluations = ['a', 'b', 'c'].map((agent_id) => evolution.recordFitness({ agent_id, fitness: 1 }))
      const births = ['d', 'e'].map((id) => evolution.createAgent(anAgent(id, ['a'])))
      const met = await Promise.allSettled([...evaluations, evolution.closeGeneration('g1'), ...births])
      const refused = met.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
      assert.deepEqual(
        refused,
        refused.map(() => 'VERSION_CONFLICT'),
      )
      const { statistics } = (await evolution.getGeneration('g1')) ?? {}
      const stored = [(await evolution.listAgents()).length, (await evolution.listFitness()).length]
      assert.deepEqual([statistics?.agents, statistics?.evaluations], stored)
    },
  },
  {
    id: 'chil-generation-refused',
    title: 'what is no generation is refused, and nothing is stored',
    methods: ['chil.evolution.openGeneration', 'chil.evolution.currentGeneration'],
    run: async ({ store: { chil } }) => {
      const { evolution } = chil
      for (const bad of [null, { ...first, population: '' }, { ...first, number: 7 }, { population: 'p' }]) {
        await assertFails(evolution.openGeneration(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      await assertFails(evolution.currentGeneration(unchecked(undefined)), 'INVALID_ARGUMENT')
      assert.deepEqual(await evolution.listGenerations(), [])
    },
  },
  {
    id: 'chil-generation-statistics',
    title: 'a closed generation says what it came to',
    methods: ['chil.evolution.closeGeneration'],
    run: async ({ store, clock }) => {
      const { evolution } = store.chil
      await bred(store, 'a', 'b', 'c')
      await evolution.openGeneration({ generation_id: 'q1', population: 'q' })
      await evolution.createAgent(anAgent('other', [], 'q1'))
      await evolution.recordFitness({ agent_id: 'other', fitness: 9 })
      await evolution.recordFitness({ agent_id: 'b', fitness: 0.2 })
      clock.advance(1)
      await evolution.recordFitness({ agent_id: 'c', fitness: 0.4 })
      clock.advance(1)
      await evolution.recordFitness({ agent_id: 'a', fitness: 0.4 })
      await evolution.recordFitness({ agent_id: 'a', fitness: 0.1 })
      const closed = await evolution.closeGeneration('g1')
      assert.deepEqual(closed.statistics, {
        agents: 3,
        evaluations: 4,
        best_fitness: 0.4,
        worst_fitness: 0.1,
        mean_fitness: 1.1 / 4,
        best_agent_id: 'c',
      })
      assert.deepEqual(await evolution.getGeneration('g1'), closed)
    },
  },
  {
    id: 'chil-generation-empty',
    title: 'a generation without agents can be closed',
    methods: ['chil.evolution.closeGeneration'],
    run: async ({ store: { chil } }) => {
      await chil.evolution.openGeneration(first)
      const none = { best_fitness: null, worst_fitness: null, mean_fitness: null, best_agent_id: null }
      const { statistics } = await chil.evolution.closeGeneration('g1')
      assert.deepEqual(statistics, { agents: 0, evaluations: 0, ...none })
    },
  },
  {
    id: 'chil-generation-closed',
    title: 'neither an agent nor an evaluation is added to a closed generation',
    methods: ['chil.evolution.createAgent', 'chil.evolution.recordFitness'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      await evolution.closeGeneration('g1')
      await assertFails(evolution.createAgent(anAgent('b')), 'VERSION_CONFLICT')
      await assertFails(evolution.recordFitness({ agent_id: 'a', fitness: 1 }), 'VERSION_CONFLICT')
      assert.equal((await evolution.getAgent('a'))?.evaluations, 0)
      await evolution.openGeneration(second)
      const survived = await evolution.recordFitness({ agent_id: 'a', fitness: 1, generation_id: 'g2' })
      assert.deepEqual([survived.generation_id, survived.generation], ['g2', 2])
    },
  },
  {
    id: 'chil-generation-lists',
    title: 'generations are listed highest number first, page by page',
    methods: ['chil.evolution.listGenerations', 'chil.evolution.pageGenerations'],
    run: async ({ store: { chil } }) => {
      const { evolution } = chil
      for (const generation_id of ['x', 'y', 'z']) {
        await evolution.openGeneration({ generation_id, population: 'p' })
        if (generation_id !== 'z') await evolution.closeGeneration(generation_id)
      }
      await evolution.openGeneration({ generation_id: 'other', population: 'q' })
      const ids = (generations: readonly { readonly generation_id: string }[]) =>
        generations.map((each) => each.generation_id).join('')
      assert.equal(ids(await evolution.listGenerations({ population: 'p' })), 'zyx')
      assert.equal(ids(await evolution.listGenerations({ population: 'p', status: 'closed' })), 'yx')
      const page = await evolution.pageGenerations({ population: 'p', limit: 2 })
      const next = await evolution.pageGenerations({ population: 'p', limit: 2, cursor: page.next })
      assert.equal(ids([...page.records, ...next.records]), 'zyx')
      await assertFails(evolution.listGenerations(unchecked({ colour: 'red' })), 'INVALID_ARGUMENT')
    },
  },
]

const fitnessCases: readonly AgentCase[] = [
  {
    id: 'chil-fitness-history',
    title: 'the history of an agent has places without a gap, and the agent its latest and best',
    methods: ['chil.evolution.recordFitness', 'chil.evolution.fitnessHistory', 'chil.evolution.getAgent'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a', 'b')
      for (const fitness of [-3, 5, 2]) await evolution.recordFitness({ agent_id: 'a', fitness })
      const details = { games: 7 }
      const recorded = await evolution.recordFitness({ agent_id: 'b', fitness: 1, details })
      assert.deepEqual(recorded, {
        fitness_id: recorded.fitness_id,
        agent_id: 'b',
        sequence: 1,
        generation_id: 'g1',
        population: 'p',
        generation: 1,
        fitness: 1,
        details,
        recorded_at: NOON,
      })
      const page = await evolution.fitnessHistory('a', { limit: 2 })
      const next = await evolution.fitnessHistory('a', { limit: 2, cursor: page.next })
      assert.deepEqual(
        [...page.records, ...next.records].map(({ sequence, fitness }) => [sequence, fitness]),
        [
          [1, -3],
          [2, 5],
          [3, 2],
        ],
      )
      const { evaluations, fitness, best_fitness } = (await evolution.getAgent('a')) ?? {}
      assert.deepEqual([evaluations, fitness, best_fitness], [3, 2, 5])
      assert.deepEqual((await evolution.fitnessHistory('nobody')).records, [])
    },
  },
  {
    id: 'chil-fitness-at-once',
    title: 'evaluations of one agent that meet are all kept',
    methods: ['chil.evolution.recordFitness'],
    inTransactions: false,
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      await Promise.all([4, 1, 3, 2].map((fitness) => evolution.recordFitness({ agent_id: 'a', fitness })))
      const { records } = await evolution.fitnessHistory('a')
      assert.deepEqual(
        records.map(({ sequence }) => sequence),
        [1, 2, 3, 4],
      )
      const agent = await evolution.getAgent('a')
      assert.deepEqual([agent?.evaluations, agent?.best_fitness], [4, 4])
    },
  },
  {
    id: 'chil-fitness-refused',
    title: 'an evaluation needs an agent, a generation and a finite number',
    methods: ['chil.evolution.recordFitness'],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a')
      await assertFails(evolution.recordFitness({ agent_id: 'nobody', fitness: 1 }), 'REFERENCE_VIOLATION')
      const astray = { agent_id: 'a', fitness: 1, generation_id: 'nowhere' }
      await assertFails(evolution.recordFitness(astray), 'REFERENCE_VIOLATION')
      for (const bad of [null, { agent_id: 'a' }, { agent_id: 'a', fitness: Number.NaN }]) {
        await assertFails(evolution.recordFitness(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await evolution.listFitness(), [])
    },
  },
  {
    id: 'chil-fitness-history-refused',
    title: 'a history is that of one agent, and takes paging alone',
    methods: ['chil.evolution.fitnessHistory'],
    run: async ({ store: { chil } }) => {
      const { evolution } = chil
      for (const bad of [null, { limit: 0 }, { agent_id: 'b' }, { fitness: 1 }].map(unchecked)) {
        await assertFails(evolution.fitnessHistory('a', bad), 'INVALID_ARGUMENT')
      }
      await assertFails(evolution.fitnessHistory(unchecked({ prefix: '' })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'chil-fitness-lists',
    title: 'evaluations are listed best first and come to something in each generation',
    methods: [
      'chil.evolution.listFitness',
      'chil.evolution.pageFitness',
      'chil.evolution.iterateFitness',
      'chil.evolution.fitnessByGeneration',
    ],
    run: async ({ store }) => {
      const { evolution } = store.chil
      await bred(store, 'a', 'b')
      await evolution.recordFitness({ agent_id: 'a', fitness: 0.1 })
      await evolution.recordFitness({ agent_id: 'b', fitness: 0.2 })
      await evolution.closeGeneration('g1')
      await evolution.openGeneration(second)
      await evolution.recordFitness({ agent_id: 'a', fitness: 0.9, generation_id: 'g2' })
      const found = (evaluations: readonly { readonly fitness: number }[]) =>
        evaluations.map(({ fitness }) => fitness)
      assert.deepEqual(found(await evolution.listFitness()), [0.9, 0.2, 0.1])
      assert.deepEqual(found(await evolution.listFitness({ agent_id: 'a', limit: 1 })), [0.9])
      const page = await evolution.pageFitness({ limit: 2 })
      const rest = await evolution.pageFitness({ limit: 2, cursor: page.next })
      assert.deepEqual(found([...page.records, ...rest.records]), [0.9, 0.2, 0.1])
      assert.deepEqual(
        found(await gathered(evolution.iterateFitness({ generation: 1, limit: 1 }))),
        [0.2, 0.1],
      )
      const best = { best_fitness: 0.2, worst_fitness: 0.1, mean_fitness: 0.15 }
      const later = { best_fitness: 0.9, worst_fitness: 0.9, mean_fitness: 0.9 }
      assert.deepEqual(await evolution.fitnessByGeneration({ population: 'p' }), [
        { population: 'p', generation: 1, evaluations: 2, ...best },
        { population: 'p', generation: 2, evaluations: 1, ...later },
      ])
      assert.deepEqual(await evolution.fitnessByGeneration({ population: 'q' }), [])
      await assertFails(evolution.fitnessByGeneration(unchecked({ colour: 'red' })), 'INVALID_ARGUMENT')
    },
  },
]

export const chilGenerationCases: readonly AgentCase[] = [...generationCases, ...fitnessCases]
