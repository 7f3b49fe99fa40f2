/** The methods for agents that evolve: making them with their parents, and their lineage in both directions. */

import { type BaseStore, type RecordPage, StoreError } from '@coffer/core'
import * as z from 'zod'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { checked } from '../checked.ts'
import { beyond, dangling, missing } from '../refusals.ts'
import {
  type EvolutionAgent,
  evolutionAgents,
  evolutionParents,
  type NewEvolutionAgent,
  newEvolutionAgent,
} from './evolution-agent.ts'
import { openGenerations } from './generations.ts'

/** The most generations that a lineage goes through, and the most agents that it has. */
const MAX_DEPTH = 1_000
const MAX_RELATIVES = 10_000
const PAGE_RECORDS = 1_000
/** The most absent parents that an error names. */
const MAX_NAMED = 100

/** Which agents: equal values or operators for each field, all of which must hold, and the paging. */
export type EvolutionAgentListOptions = ListOptions<
  | 'agent_id'
  | 'generation_id'
  | 'population'
  | 'generation'
  | 'evaluations'
  | 'fitness'
  | 'best_fitness'
  | 'created_at'
>

/** How far a lineage is followed. */
export interface LineageOptions {
  /** 1 for parents or children alone, at most and by default 1,000. */
  readonly depth?: number | undefined
}

/** An agent of a lineage. */
export interface Relative {
  readonly agent: EvolutionAgent
  /** 1 for a parent or a child; of several ways the shortest. */
  readonly distance: number
}

/** Methods for agents. */
export interface EvolutionAgentMethods {
  /**
   * Makes an agent in an open generation.
   *
   * @throws `ALREADY_EXISTS` when there is one with its id, `REFERENCE_VIOLATION` for a generation or a parent
   *   that is not there, `VERSION_CONFLICT` for a generation that is closed, `INVALID_ARGUMENT` for an agent
   *   that would be its own parent
   */
  createAgent(agent: NewEvolutionAgent): Promise<EvolutionAgent>
  /**
   * As `createAgent`, all or none. Agents of the array may be parents of others that stand behind them, so
   * nobody can become an ancestor of himself.
   */
  createAgents(agents: readonly NewEvolutionAgent[]): Promise<EvolutionAgent[]>
  /** The agent with this id, or `undefined`. */
  getAgent(agentId: string): Promise<EvolutionAgent | undefined>
  /** The agents that match, fittest first by `best_fitness`, ties by id: at most `limit`, 100 unless said otherwise. */
  listAgents(options?: EvolutionAgentListOptions): Promise<EvolutionAgent[]>
  /** As `listAgents`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageAgents(options?: EvolutionAgentListOptions): Promise<RecordPage<EvolutionAgent>>
  /** As `listAgents`, all of them, page by page. */
  iterateAgents(options?: EvolutionAgentListOptions): AsyncGenerator<EvolutionAgent, void, undefined>
  /**
   * Removes an agent with its evaluations. @returns true when there was one
   * @throws `REFERENCE_VIOLATION` for one that has children
   */
  deleteAgent(agentId: string): Promise<boolean>
  /**
   * The parents of an agent, their parents, and so on; nearest first, then by id. Each step costs one read.
   *
   * @throws `NOT_FOUND` for an unknown agent, `LIMIT_EXCEEDED` for more than 10,000
   */
  getAncestors(agentId: string, options?: LineageOptions): Promise<Relative[]>
  /** The children of an agent, their children, and so on, as `getAncestors`. */
  getDescendants(agentId: string, options?: LineageOptions): Promise<Relative[]>
}

const FITTEST_FIRST = [{ best_fitness: 'desc' }, { agent_id: 'asc' }] as const
const lineageOptions = z.strictObject({ depth: z.int().min(1).max(MAX_DEPTH).optional() })
const { name } = evolutionAgents

/** Makes the agent methods of one handle. */
export function evolutionAgentMethods(store: BaseStore): EvolutionAgentMethods {
  const collection = store.collection(evolutionAgents)
  const lists = listsOf(collection, FITTEST_FIRST)
  return {
    createAgent: async (agent) => {
      const [created] = await createAgents(store, [checkedRecord(newEvolutionAgent, agent, 'createAgent')])
      return created as EvolutionAgent
    },
    createAgents: async (agents) => {
      if (!Array.isArray(agents)) {
        throw new StoreError('INVALID_ARGUMENT', 'createAgents takes an array of agents')
      }
      const each = (agent: unknown, index: number) =>
        checkedRecord(newEvolutionAgent, agent, 'createAgents', index)
      return createAgents(store, agents.map(each))
    },
    getAgent: async (agentId) => collection.get(checkedId(agentId, 'agentId', name)),
    listAgents: lists.array,
    pageAgents: lists.page,
    iterateAgents: lists.iterate,
    deleteAgent: async (agentId) => collection.delete(checkedId(agentId, 'agentId', name)),
    getAncestors: async (agentId, options = {}) =>
      lineage(store, agentId, checked(lineageOptions, options, 'getAncestors'), parentsOf),
    getDescendants: async (agentId, options = {}) =>
      lineage(store, agentId, checked(lineageOptions, options, 'getDescendants'), childrenOf),
  }
}

async function createAgents(
  store: BaseStore,
  agents: readonly NewEvolutionAgent[],
): Promise<EvolutionAgent[]> {
  if (agents.length === 0) return []
  const strangers = parentsFromOutside(agents)
  return store.transaction(async (transaction) => {
    const generations = await openGenerations(
      transaction,
      agents.map(({ generation_id }) => generation_id),
    )
    await checkPresent(transaction, strangers)
    const created_at = transaction.now().toISOString()
    const created = agents.map((agent): EvolutionAgent => {
      const { population = '', number = 0 } = generations.get(agent.generation_id) ?? {}
      const unproven = { evaluations: 0, fitness: null, best_fitness: null }
      const { parent_ids = [] } = agent
      return { ...agent, parent_ids, population, generation: number, ...unproven, created_at }
    })
    await transaction.collection(evolutionAgents).insertMany(created)
    const parentage = created.flatMap(({ agent_id, parent_ids }) =>
      parent_ids.map((parent_id) => ({
        parentage_id: compositeKey(agent_id, parent_id),
        agent_id,
        parent_id,
      })),
    )
    await transaction.collection(evolutionParents).insertMany(parentage)
    return created
  })
}

/** The parents that must be there already; those within the array must stand before their children. */
function parentsFromOutside(agents: readonly NewEvolutionAgent[]): string[] {
  const places = new Map(agents.map(({ agent_id }, place) => [agent_id, place]))
  const strangers = new Set<string>()
  for (const [index, { parent_ids = [] }] of agents.entries()) {
    for (const parent of parent_ids) {
      const place = places.get(parent)
      if (place === undefined) strangers.add(parent)
      else if (place >= index) {
        const problem =
          place === index ? 'an agent can’t be its own parent' : 'parents stand before their children'
        throw new StoreError('INVALID_ARGUMENT', `${name}: ${problem}`, { collection: name, index })
      }
    }
  }
  return [...strangers]
}

async function checkPresent(transaction: BaseStore, ids: readonly string[]): Promise<void> {
  const found = await transaction.collection(evolutionAgents).getMany(ids)
  const absent = ids.filter((_id, place) => found[place] === undefined)
  if (absent.length > 0) throw dangling(evolutionAgents, absent.slice(0, MAX_NAMED))
}

/** The next step of a lineage: the ids of those related to these agents. */
type Step = (store: BaseStore, agents: readonly EvolutionAgent[]) => Promise<Iterable<string>>

const parentsOf: Step = async (_store, agents) => agents.flatMap(({ parent_ids }) => parent_ids)

const childrenOf: Step = async (store, agents) => {
  const ids = new Set<string>()
  const where = { parent_id: { in: agents.map(({ agent_id }) => agent_id) } }
  const parentage = store.collection(evolutionParents).iterate({ where, limit: PAGE_RECORDS })
  for await (const { agent_id } of parentage) {
    ids.add(agent_id)
    // More than a lineage may have: who asks for them refuses them, however many are still to come.
    if (ids.size > MAX_RELATIVES) break
  }
  return ids
}

async function lineage(
  store: BaseStore,
  agentId: string,
  { depth = MAX_DEPTH }: LineageOptions,
  step: Step,
): Promise<Relative[]> {
  const agents = store.collection(evolutionAgents)
  const first = await agents.get(checkedId(agentId, 'agentId', name))
  if (first === undefined) throw missing(evolutionAgents, 'agentId', agentId)
  const seen = new Set([agentId])
  const relatives: Relative[] = []
  let nearest: readonly EvolutionAgent[] = [first]
  for (let distance = 1; distance <= depth && nearest.length > 0; distance++) {
    const ids = [...new Set(await step(store, nearest))].filter((id) => !seen.has(id))
    for (const id of ids) seen.add(id)
    if (seen.size > MAX_RELATIVES + 1)
      throw beyond(evolutionAgents, `the lineage has more than ${MAX_RELATIVES} agents; set a depth`)
    const found = await agents.getMany(ids)
    nearest = found.filter((agent) => agent !== undefined).sort(byId)
    for (const agent of nearest) relatives.push({ agent, distance })
  }
  return relatives
}

/** By bytes of UTF-8, as a store orders text. */
function byId(left: EvolutionAgent, right: EvolutionAgent): number {
  return Buffer.compare(Buffer.from(left.agent_id), Buffer.from(right.agent_id))
}
