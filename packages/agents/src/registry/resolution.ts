/** Resolutions: what an agent was allowed, after the CRA storage API. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { jsonArray, metadata } from './json-member.ts'

/**
 * A decision about what an agent may see and do. Times are ISO 8601 timestamps with an offset, written as
 * UTC with milliseconds. Members that are not named here are refused; `metadata` takes anything.
 */
export const resolution = z.strictObject({
  resolution_id: z.string(),
  request_id: z.string(),
  agent_id: z.string(),
  session_id: z.string(),
  /** Such as `allow`, `deny` or `partial`; any text. */
  decision: z.string(),
  /** What the agent was given to know. */
  context_blocks: jsonArray.optional(),
  allowed_actions: jsonArray.optional(),
  denied_actions: jsonArray.optional(),
  policies_applied: jsonArray.optional(),
  created_at: isoTimestamp,
  /** From this instant on the resolution does not exist. Absent or null: it never expires. */
  expires_at: isoTimestamp.nullish(),
  metadata: metadata.optional(),
})

/** A resolution as the store takes and gives it: what the schema `resolution` describes. */
export type Resolution = z.output<typeof resolution>

/** The table `resolutions`. */
export const resolutions = defineCollection({
  name: 'resolutions',
  schema: resolution,
  key: 'resolution_id',
  fields: {
    resolution_id: 'column',
    request_id: 'index',
    agent_id: 'column',
    session_id: 'column',
    decision: 'column',
    context_blocks: 'json',
    allowed_actions: 'json',
    denied_actions: 'json',
    policies_applied: 'json',
    created_at: 'index',
    expires_at: 'column',
    metadata: 'json',
  },
  indexes: [
    ['agent_id', 'created_at'],
    ['session_id', 'created_at'],
  ],
  expiresAt: 'expires_at',
})
