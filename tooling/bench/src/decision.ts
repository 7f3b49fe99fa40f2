/**
 * The record that is measured: ten members, a nested list, two indexes beside the key. What an agent's decision
 * looks like, in the order in which agents make them: sessions come and go, a few agents stay.
 */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'

export const decisions = defineCollection({
  name: 'decisions',
  schema: z.object({
    decision_id: z.string(),
    request_id: z.string(),
    agent_id: z.string(),
    session_id: z.string(),
    decision: z.string(),
    score: z.number(),
    attempts: z.int(),
    created_at: isoTimestamp,
    actions: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })),
    note: z.string(),
  }),
  key: 'decision_id',
  fields: { agent_id: 'column', session_id: 'index', decision: 'column', created_at: 'column' },
  indexes: [['agent_id', 'created_at']],
})

export interface Decision {
  readonly decision_id: string
  readonly request_id: string
  readonly agent_id: string
  readonly session_id: string
  readonly decision: string
  readonly score: number
  readonly attempts: number
  readonly created_at: string
  readonly actions: { name: string; arguments: Record<string, unknown> }[]
  readonly note: string
}

/** How many agents there are. */
export const AGENTS = 10

const START = Date.UTC(2026, 0, 1)

/** The record of a number; the same number gives the same record. */
export function decision(number: number): Decision {
  return {
    decision_id: `decision-${String(number).padStart(9, '0')}`,
    request_id: `request-${number}`,
    agent_id: `agent-${number % AGENTS}`,
    session_id: `session-${Math.floor(number / 25)}`,
    decision: number % 3 === 0 ? 'deny' : 'allow',
    score: (number % 100) / 100,
    attempts: number % 5,
    created_at: new Date(START + number * 1_000).toISOString(),
    actions: [{ name: 'search', arguments: { query: `order ${number}`, limit: 10 } }],
    note: 'The request is within the limits of the policy and was confirmed by the user.',
  }
}
