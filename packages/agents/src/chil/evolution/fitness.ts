/** The methods for fitness: evaluations of agents one by one, and what they come to in each generation. */

import type { BaseStore, Filter, RecordPage } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { checkedId } from '../../id-text.ts'
import { findListed, type ListOptions, listsOf, type Paging } from '../../listing.ts'
import { checkedPaging } from '../checked.ts'
import { measuredNumber } from '../measured.ts'
import { dangling } from '../refusals.ts'
import { type EvolutionAgent, evolutionAgents } from './evolution-agent.ts'
import {
  type EvolutionFitness,
  evolutionFitnesses,
  type NewEvolutionFitness,
  newEvolutionFitness,
} from './evolution-fitness.ts'
import type { EvolutionGeneration } from './evolution-generation.ts'
import { openGenerations } from './generations.ts'

/** The fields by which evaluations are asked for. */
export type EvolutionFitnessField =
  | 'fitness_id'
  | 'agent_id'
  | 'sequence'
  | 'generation_id'
  | 'population'
  | 'generation'
  | 'fitness'
  | 'recorded_at'

/** What the evaluations of one generation come to so far. */
export interface GenerationFitness {
  readonly population: string
  /** The number of the generation. */
  readonly generation: number
  readonly evaluations: number
  readonly best_fitness: number | null
  readonly worst_fitness: number | null
  readonly mean_fitness: number | null
}

/** Methods for fitness. */
export interface FitnessMethods {
  /**
   * Adds an evaluation to the history of an agent, in its own generation or in another open one.
   *
   * @throws `REFERENCE_VIOLATION` for an unknown agent or generation, `VERSION_CONFLICT` for a generation that
   *   is closed
   */
  recordFitness(evaluation: NewEvolutionFitness): Promise<EvolutionFitness>
  /** The evaluations of an agent in their order, 100 a page: `{ records, next }`; none for an unknown one. */
  fitnessHistory(agentId: string, options?: Paging): Promise<RecordPage<EvolutionFitness>>
  /** The evaluations that match, best first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listFitness(options?: ListOptions<EvolutionFitnessField>): Promise<EvolutionFitness[]>
  /** As `listFitness`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageFitness(options?: ListOptions<EvolutionFitnessField>): Promise<RecordPage<EvolutionFitness>>
  /** As `listFitness`, all of them, page by page. */
  iterateFitness(
    options?: ListOptions<EvolutionFitnessField>,
  ): AsyncGenerator<EvolutionFitness, void, undefined>
  /**
   * Count, best, worst and mean of the evaluations that match, by population and generation, sorted so.
   *
   * @throws `LIMIT_EXCEEDED` for more than 10,000 generations
   */
  fitnessByGeneration(where?: Filter<EvolutionFitnessField>): Promise<GenerationFitness[]>
}

const BEST_FIRST = [{ fitness: 'desc' }, { fitness_id: 'asc' }] as const

/** Makes the fitness methods of one handle. */
export function fitnessMethods(store: BaseStore): FitnessMethods {
  const collection = store.collection(evolutionFitnesses)
  const lists = listsOf(collection, BEST_FIRST)
  return {
    recordFitness: async (evaluation) => recordFitness(store, evaluation),
    fitnessHistory: async (agentId, options = {}) => {
      const agent_id = checkedId(agentId, 'agentId', evolutionFitnesses.name)
      const paging = checkedPaging(options, 'fitnessHistory')
      return findListed(collection, { ...paging, agent_id }, { sequence: 'asc' })
    },
    listFitness: lists.array,
    pageFitness: lists.page,
    iterateFitness: lists.iterate,
    fitnessByGeneration: (where = {}) => fitnessByGeneration(store, where),
  }
}

async function recordFitness(store: BaseStore, given: NewEvolutionFitness): Promise<EvolutionFitness> {
  const asked = checkedRecord(newEvolutionFitness, given, 'recordFitness')
  const { agent_id, fitness } = asked
  return store.transaction(async (transaction) => {
    const agents = transaction.collection(evolutionAgents)
    const agent = await agents.get(agent_id)
    if (agent === undefined) throw dangling(evolutionAgents, [agent_id])
    const { generation_id = agent.generation_id } = asked
    const generations = await openGenerations(transaction, [generation_id])
    const { population, number } = generations.get(generation_id) as EvolutionGeneration
    const sequence = agent.evaluations + 1
    const evaluation: EvolutionFitness = {
      ...asked,
      fitness_id: compositeKey(agent_id, `${sequence}`),
      sequence,
      generation_id,
      population,
      generation: number,
      recorded_at: transaction.now().toISOString(),
    }
    const proven: EvolutionAgent = {
      ...agent,
      evaluations: sequence,
      fitness,
      best_fitness: Math.max(fitness, agent.best_fitness ?? fitness),
    }
    await agents.put(proven)
    await transaction.collection(evolutionFitnesses).insert(evaluation)
    return evaluation
  })
}

async function fitnessByGeneration(
  store: BaseStore,
  where: Filter<EvolutionFitnessField>,
): Promise<GenerationFitness[]> {
  const rows = await store.collection(evolutionFitnesses).aggregate({
    where,
    by: ['population', 'generation'],
    measures: {
      evaluations: 'count',
      best: { max: 'fitness' },
      worst: { min: 'fitness' },
      mean: { avg: 'fitness' },
    },
  })
  return rows.map(({ group, evaluations, best, worst, mean }) => ({
    population: String(group.population),
    generation: Number(group.generation),
    evaluations,
    best_fitness: measuredNumber(best),
    worst_fitness: measuredNumber(worst),
    mean_fitness: mean,
  }))
}
