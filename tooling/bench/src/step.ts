/**
 * The record that is measured: one step of an agent's work, what is written most. Eight members with a nested
 * object, and an index over session and time. Eight sessions are at work at once, each for 128 steps.
 */

import { type Collection, type CollectionDefinition, defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'

export const steps = defineCollection({
  name: 'steps',
  schema: z.object({
    step_id: z.string(),
    session_id: z.string(),
    kind: z.string(),
    at: isoTimestamp,
    tokens: z.int(),
    confidence: z.number(),
    tool: z.string(),
    arguments: z.record(z.string(), z.unknown()),
  }),
  key: 'step_id',
  fields: { session_id: 'column', kind: 'column', at: 'column' },
  indexes: [['session_id', 'at']],
})

/** The collection of a store. */
export type Steps = typeof steps extends CollectionDefinition<infer R, infer F> ? Collection<R, F> : never

export interface Step {
  readonly step_id: string
  readonly session_id: string
  readonly kind: string
  readonly at: string
  readonly tokens: number
  readonly confidence: number
  readonly tool: string
  readonly arguments: Record<string, unknown>
}

const SESSIONS_AT_WORK = 8
const STEPS_OF_SESSION = 128
const START = Date.UTC(2026, 0, 1)

/** The session of a step by its number. */
export function sessionOf(number: number): string {
  const generation = Math.floor(number / (SESSIONS_AT_WORK * STEPS_OF_SESSION))
  return `session-${String(generation * SESSIONS_AT_WORK + (number % SESSIONS_AT_WORK)).padStart(6, '0')}`
}

/** The step of a number; the same number gives the same step. */
export function step(number: number): Step {
  return {
    step_id: `step-${String(number).padStart(9, '0')}`,
    session_id: sessionOf(number),
    kind: number % 3 === 0 ? 'message' : 'tool',
    at: new Date(START + number * 1_000).toISOString(),
    tokens: number % 500,
    confidence: (number % 100) / 100,
    tool: 'search_orders',
    arguments: { query: `order ${number}`, limit: 10, currency: 'EUR' },
  }
}
