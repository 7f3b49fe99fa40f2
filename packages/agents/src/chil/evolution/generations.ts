/** The methods for generations: opening the next one, and closing it with its statistics. */

import type { BaseStore, RecordPage } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { checked, nameText } from '../checked.ts'
import { measuredNumber } from '../measured.ts'
import { conflicting, dangling } from '../refusals.ts'
import { evolutionAgents } from './evolution-agent.ts'
import { evolutionFitnesses } from './evolution-fitness.ts'
import {
  type EvolutionGeneration,
  evolutionGenerations,
  type GenerationStatistics,
  type NewEvolutionGeneration,
  newEvolutionGeneration,
} from './evolution-generation.ts'

/** Which generations: equal values or operators for each field, all of which must hold, and the paging. */
export type GenerationListOptions = ListOptions<
  'generation_id' | 'population' | 'number' | 'status' | 'opened_at' | 'closed_at'
>

/** Methods for generations. */
export interface GenerationMethods {
  /**
   * Opens the next generation of a population. Of several at once exactly one opens.
   *
   * @throws `ALREADY_EXISTS` when there is one with its id, `VERSION_CONFLICT` while another of the population
   *   is open
   */
  openGeneration(generation: NewEvolutionGeneration): Promise<EvolutionGeneration>
  /**
   * Closes a generation with what it came to; no agent and no evaluation is added to it afterwards.
   *
   * @throws `NOT_FOUND` for an unknown generation, `VERSION_CONFLICT` for one that is closed
   */
  closeGeneration(generationId: string): Promise<EvolutionGeneration>
  /** The generation with this id, or `undefined`. */
  getGeneration(generationId: string): Promise<EvolutionGeneration | undefined>
  /** The open generation of a population, or `undefined`. */
  currentGeneration(population: string): Promise<EvolutionGeneration | undefined>
  /** The generations that match, highest number first, ties by id: at most `limit`, 100 unless said otherwise. */
  listGenerations(options?: GenerationListOptions): Promise<EvolutionGeneration[]>
  /** As `listGenerations`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageGenerations(options?: GenerationListOptions): Promise<RecordPage<EvolutionGeneration>>
}

const LATEST_FIRST = [{ number: 'desc' }, { generation_id: 'asc' }] as const

/** Makes the generation methods of one handle. */
export function generationMethods(store: BaseStore): GenerationMethods {
  const collection = store.collection(evolutionGenerations)
  const lists = listsOf(collection, LATEST_FIRST)
  return {
    openGeneration: async (generation) => openGeneration(store, generation),
    closeGeneration: async (generationId) => closeGeneration(store, checkedGeneration(generationId)),
    getGeneration: async (generationId) => collection.get(checkedGeneration(generationId)),
    currentGeneration: async (population) =>
      openOf(store, checked(nameText, population, 'currentGeneration: population')),
    listGenerations: lists.array,
    pageGenerations: lists.page,
  }
}

/** The open generations with these ids, read in the transaction that adds to them. */
export async function openGenerations(
  transaction: BaseStore,
  ids: readonly string[],
): Promise<ReadonlyMap<string, EvolutionGeneration>> {
  const distinct = [...new Set(ids)]
  const found = await transaction.collection(evolutionGenerations).getMany(distinct)
  const generations = distinct.map((id, place): readonly [string, EvolutionGeneration] => {
    const generation = found[place]
    if (generation === undefined) throw dangling(evolutionGenerations, [id])
    if (generation.status !== 'open')
      throw conflicting(evolutionGenerations, 'the generation is closed; open the next one', id)
    return [id, generation]
  })
  return new Map(generations)
}

function checkedGeneration(generationId: unknown): string {
  return checkedId(generationId, 'generationId', evolutionGenerations.name)
}

function openOf(store: BaseStore, population: string): Promise<EvolutionGeneration | undefined> {
  return store.collection(evolutionGenerations).findOne({ where: { population, status: 'open' } })
}

async function openGeneration(store: BaseStore, given: NewEvolutionGeneration): Promise<EvolutionGeneration> {
  const asked = checkedRecord(newEvolutionGeneration, given, 'openGeneration')
  return store.transaction(async (transaction) => {
    const collection = transaction.collection(evolutionGenerations)
    const latest = await collection.findOne({
      where: { population: asked.population },
      orderBy: { number: 'desc' },
    })
    const generation: EvolutionGeneration = {
      ...asked,
      number: (latest?.number ?? 0) + 1,
      status: 'open',
      opened_at: transaction.now().toISOString(),
      closed_at: null,
      statistics: null,
    }
    // First, so that who repeats a call learns that it was done.
    await collection.insert(generation)
    if (latest?.status === 'open') {
      throw conflicting(evolutionGenerations, 'close the open generation first', latest.generation_id)
    }
    return generation
  })
}

function closeGeneration(store: BaseStore, generationId: string): Promise<EvolutionGeneration> {
  return store.transaction(async (transaction) => {
    let closed: EvolutionGeneration | undefined
    await transaction.collection(evolutionGenerations).update(generationId, async (before) => {
      if (before.status === 'closed')
        throw conflicting(evolutionGenerations, 'the generation is closed', generationId)
      const statistics = await statisticsOf(transaction, generationId)
      closed = { ...before, status: 'closed', closed_at: transaction.now().toISOString(), statistics }
      return closed
    })
    return closed as unknown as EvolutionGeneration
  })
}

async function statisticsOf(transaction: BaseStore, generation_id: string): Promise<GenerationStatistics> {
  const evaluations = transaction.collection(evolutionFitnesses)
  const [measured] = await evaluations.aggregate({
    where: { generation_id },
    measures: {
      evaluations: 'count',
      best: { max: 'fitness' },
      worst: { min: 'fitness' },
      mean: { avg: 'fitness' },
    },
  })
  const best = await evaluations.findOne({
    where: { generation_id },
    orderBy: [{ fitness: 'desc' }, { recorded_at: 'asc' }, { agent_id: 'asc' }],
  })
  return {
    agents: await transaction.collection(evolutionAgents).count({ generation_id }),
    evaluations: measured?.evaluations ?? 0,
    best_fitness: measuredNumber(measured?.best ?? null),
    worst_fitness: measuredNumber(measured?.worst ?? null),
    mean_fitness: measured?.mean ?? null,
    best_agent_id: best?.agent_id ?? null,
  }
}
