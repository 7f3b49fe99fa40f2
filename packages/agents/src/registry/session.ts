/** Sessions of agents, after the CRA storage API. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { metadata } from './json-member.ts'

/**
 * One session of an agent. Times are ISO 8601 timestamps with an offset, written as UTC with milliseconds.
 * Members that are not named here are refused; `metadata` takes anything.
 */
export const session = z.strictObject({
  session_id: z.string(),
  agent_id: z.string(),
  /** Such as `active` or `ended`; any text. */
  status: z.string(),
  created_at: isoTimestamp,
  ended_at: isoTimestamp.nullish(),
  metadata: metadata.optional(),
})

/** A session as the store takes and gives it: what the schema `session` describes. */
export type Session = z.output<typeof session>

/** The table `sessions`. */
export const sessions = defineCollection({
  name: 'sessions',
  schema: session,
  key: 'session_id',
  fields: {
    session_id: 'column',
    agent_id: 'column',
    status: 'column',
    created_at: 'index',
    ended_at: 'column',
    metadata: 'json',
  },
  indexes: [
    ['agent_id', 'created_at'],
    ['status', 'created_at'],
  ],
})
