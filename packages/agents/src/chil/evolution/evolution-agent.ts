/** Agents that evolve, and whose children they are, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { evolutionGenerations } from './evolution-generation.ts'

const MAX_PARENTS = 100

/** An agent as it is stored. `genome`, `traits` and `metadata` take anything; parents and genome never change. */
export const evolutionAgent = z.strictObject({
  agent_id: idText,
  /** The generation that it was made in, which must be there, with its population and number. */
  generation_id: idText,
  population: nameText,
  generation: z.int(),
  genome: metadata,
  traits: metadata.optional(),
  /** None for the first of their kind; each must be there, each once, at most 100. */
  parent_ids: z
    .array(idText)
    .max(MAX_PARENTS)
    .refine((ids) => new Set(ids).size === ids.length, 'a parent is named twice'),
  /** How often its fitness was recorded. */
  evaluations: z.int(),
  /** The latest fitness, and the best; null before the first. */
  fitness: z.number().nullable(),
  best_fitness: z.number().nullable(),
  created_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** An agent as the store gives it: what the schema `evolutionAgent` describes. */
export type EvolutionAgent = z.output<typeof evolutionAgent>

/** What a new agent is made from; without `parent_ids` it has none. */
export const newEvolutionAgent = evolutionAgent
  .pick({
    agent_id: true,
    generation_id: true,
    genome: true,
    traits: true,
    parent_ids: true,
    metadata: true,
  })
  .partial({ parent_ids: true })

/** An agent to be made. */
export type NewEvolutionAgent = z.output<typeof newEvolutionAgent>

/** The table `evolution_agents`. */
export const evolutionAgents = defineCollection({
  name: 'evolution_agents',
  schema: evolutionAgent,
  key: 'agent_id',
  fields: {
    agent_id: 'column',
    generation_id: 'index',
    population: 'column',
    generation: 'column',
    genome: 'json',
    traits: 'json',
    parent_ids: 'json',
    evaluations: 'column',
    fitness: 'column',
    best_fitness: 'column',
    created_at: 'index',
    metadata: 'json',
  },
  indexes: [
    ['population', 'generation'],
    ['population', 'best_fitness'],
  ],
  references: { generation_id: { collection: evolutionGenerations.name } },
})

/** One parent of one agent. It makes the store itself see to it that parents are there, and stay. */
const evolutionParent = z.strictObject({
  /** Made of both ids. */
  parentage_id: z.string(),
  agent_id: idText,
  parent_id: idText,
})

/** The table `evolution_parents`. */
export const evolutionParents = defineCollection({
  name: 'evolution_parents',
  schema: evolutionParent,
  key: 'parentage_id',
  fields: { parentage_id: 'column', agent_id: 'index', parent_id: 'index' },
  references: {
    agent_id: { collection: evolutionAgents.name, onDelete: 'cascade' },
    parent_id: { collection: evolutionAgents.name },
  },
})
