/** The fitness of agents, one record for each evaluation, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { evolutionAgents } from './evolution-agent.ts'
import { evolutionGenerations } from './evolution-generation.ts'

/** An evaluation as it is stored. `details` take anything. */
export const evolutionFitness = z.strictObject({
  /** Made of the agent and the sequence. */
  fitness_id: z.string(),
  agent_id: idText,
  /** The place among the evaluations of the agent, from 1 without a gap. */
  sequence: z.int(),
  /** The generation that it was evaluated in, with its population and number. */
  generation_id: idText,
  population: nameText,
  generation: z.int(),
  /** Higher is better. */
  fitness: z.number(),
  /** What the fitness was made of. */
  details: metadata.optional(),
  recorded_at: isoTimestamp,
})

/** An evaluation as the store gives it: what the schema `evolutionFitness` describes. */
export type EvolutionFitness = z.output<typeof evolutionFitness>

/** What a new evaluation is made from; the generation is that of the agent unless another is named. */
export const newEvolutionFitness = evolutionFitness
  .pick({ agent_id: true, generation_id: true, fitness: true, details: true })
  .partial({ generation_id: true })

/** An evaluation to be recorded. */
export type NewEvolutionFitness = z.output<typeof newEvolutionFitness>

/** The table `evolution_fitness`. Evaluations go when their agent does. */
export const evolutionFitnesses = defineCollection({
  name: 'evolution_fitness',
  schema: evolutionFitness,
  key: 'fitness_id',
  fields: {
    fitness_id: 'column',
    agent_id: 'column',
    sequence: 'column',
    generation_id: 'column',
    population: 'column',
    generation: 'column',
    fitness: 'column',
    details: 'json',
    recorded_at: 'column',
  },
  indexes: [
    ['agent_id', 'sequence'],
    ['generation_id', 'fitness'],
    ['population', 'generation'],
  ],
  references: {
    agent_id: { collection: evolutionAgents.name, onDelete: 'cascade' },
    generation_id: { collection: evolutionGenerations.name },
  },
})
