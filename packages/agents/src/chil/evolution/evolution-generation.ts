/** Generations: agents that are bred and judged together, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'

/** What a generation came to. Higher fitness is better. */
export const generationStatistics = z.strictObject({
  /** Agents that were made in it. */
  agents: z.int(),
  /** How often fitness was recorded in it. */
  evaluations: z.int(),
  /** Over all evaluations; null of none. So are the others. */
  best_fitness: z.number().nullable(),
  worst_fitness: z.number().nullable(),
  mean_fitness: z.number().nullable(),
  /** Whose evaluation was the best; of equal ones the first by time, then by id. */
  best_agent_id: z.string().nullable(),
})

/**
 * A generation as it is stored. Times are ISO 8601 timestamps in UTC with milliseconds, by the store's clock.
 * Members that are not named here are refused; `parameters` and `metadata` take anything.
 */
export const evolutionGeneration = z.strictObject({
  generation_id: idText,
  /** Whose generation it is: populations evolve beside each other. */
  population: nameText,
  /** The place in its population, from 1 without a gap. */
  number: z.int(),
  status: z.enum(['open', 'closed']),
  /** Such as the rate of mutation. */
  parameters: metadata.optional(),
  opened_at: isoTimestamp,
  closed_at: isoTimestamp.nullable(),
  /** What it came to; null while it is open. */
  statistics: generationStatistics.nullable(),
  metadata: metadata.optional(),
})

/** What the schema `generationStatistics` describes. */
export type GenerationStatistics = z.output<typeof generationStatistics>

/** A generation as the store gives it: what the schema `evolutionGeneration` describes. */
export type EvolutionGeneration = z.output<typeof evolutionGeneration>

/** What a new generation is made from. */
export const newEvolutionGeneration = evolutionGeneration.pick({
  generation_id: true,
  population: true,
  parameters: true,
  metadata: true,
})

/** A generation to be opened. */
export type NewEvolutionGeneration = z.output<typeof newEvolutionGeneration>

/** The table `evolution_generations`. */
export const evolutionGenerations = defineCollection({
  name: 'evolution_generations',
  schema: evolutionGeneration,
  key: 'generation_id',
  fields: {
    generation_id: 'column',
    population: 'column',
    number: 'column',
    status: 'column',
    parameters: 'json',
    opened_at: 'column',
    closed_at: 'column',
    statistics: 'json',
    metadata: 'json',
  },
  indexes: [['population', 'number']],
})
