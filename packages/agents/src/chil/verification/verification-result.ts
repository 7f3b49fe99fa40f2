/** Verification results: what one framework says of one request, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { verificationRequests } from './verification-request.ts'

/** A result as it is stored. Members that are not named here are refused; `details` and `metadata` take anything. */
export const verificationResult = z.strictObject({
  /** Made of the request and the framework, so that there is one result for both. */
  result_id: z.string(),
  request_id: idText,
  framework: nameText,
  /** Who recorded it: the worker that held the claim. */
  worker: nameText,
  verdict: z.enum(['pass', 'fail', 'uncertain']),
  /** How well the content did, on the framework's own scale. */
  score: z.number().optional(),
  /** How sure the framework is, 0 to 1. */
  confidence: z.number().min(0).max(1).optional(),
  /** How long the framework took. */
  duration_ms: z.number().min(0).optional(),
  /** What led to the verdict. */
  details: metadata.optional(),
  recorded_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** A result as the store gives it: what the schema `verificationResult` describes. */
export type VerificationResult = z.output<typeof verificationResult>

/** What a new result is made from. */
export const newVerificationResult = verificationResult.omit({ result_id: true, recorded_at: true })

/** A result to be recorded. */
export type NewVerificationResult = z.output<typeof newVerificationResult>

/** The table `verification_results`. Results go when their request does. */
export const verificationResults = defineCollection({
  name: 'verification_results',
  schema: verificationResult,
  key: 'result_id',
  fields: {
    result_id: 'column',
    request_id: 'index',
    framework: 'column',
    worker: 'column',
    verdict: 'column',
    score: 'column',
    confidence: 'column',
    duration_ms: 'column',
    details: 'json',
    recorded_at: 'index',
    metadata: 'json',
  },
  indexes: [['framework', 'recorded_at']],
  references: { request_id: { collection: verificationRequests.name, onDelete: 'cascade' } },
})
