/** Verification requests: content that is to be judged by frameworks, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'

/** What becomes of a request: it waits, a worker has it, every framework has judged, or it was given up. */
export const verificationStatus = z.enum(['pending', 'claimed', 'completed', 'failed'])

/**
 * A request as it is stored. Times are ISO 8601 timestamps in UTC with milliseconds, by the store's clock.
 * Members that are not named here are refused; `metadata` takes anything.
 */
export const verificationRequest = z.strictObject({
  request_id: idText,
  client_id: nameText,
  /** What is to be verified. */
  content: z.string(),
  /** Such as `text`; any text. */
  content_type: nameText,
  /** Who is to judge, each once. The request is completed when all of them have. */
  frameworks: z
    .array(nameText)
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'a framework is named twice'),
  /** Higher comes first. */
  priority: z.int(),
  status: verificationStatus,
  created_at: isoTimestamp,
  /** The worker that has the request; null while none has. */
  claimed_by: z.string().nullable(),
  claimed_at: isoTimestamp.nullable(),
  /** From this instant on the claim is void and others may take the request over. */
  claim_expires_at: isoTimestamp.nullable(),
  /** How often a worker has begun on it. */
  attempts: z.int(),
  /** When it was completed or failed. */
  finished_at: isoTimestamp.nullable(),
  /** Why it failed. */
  failure: z.string().nullable(),
  metadata: metadata.optional(),
})

/** A request as the store gives it: what the schema `verificationRequest` describes. */
export type VerificationRequest = z.output<typeof verificationRequest>

/** What a new request is made from; `priority` is 0 unless given. */
export const newVerificationRequest = verificationRequest
  .pick({
    request_id: true,
    client_id: true,
    content: true,
    content_type: true,
    frameworks: true,
    priority: true,
    metadata: true,
  })
  .partial({ priority: true })

/** A request to be made. */
export type NewVerificationRequest = z.output<typeof newVerificationRequest>

/** The table `verification_requests`. */
export const verificationRequests = defineCollection({
  name: 'verification_requests',
  schema: verificationRequest,
  key: 'request_id',
  fields: {
    request_id: 'column',
    client_id: 'column',
    content_type: 'column',
    frameworks: 'index',
    priority: 'column',
    status: 'column',
    created_at: 'index',
    claimed_by: 'column',
    claim_expires_at: 'column',
    attempts: 'column',
    finished_at: 'column',
    metadata: 'json',
  },
  indexes: [
    ['status', 'priority', 'created_at'],
    ['client_id', 'created_at'],
  ],
})
