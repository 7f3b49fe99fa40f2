/** The audit trail of verification: what happened to each request, one hash chain per request. */

import { type BaseStore, defineLog, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { newId } from '../../new-id.ts'
import { type VerificationRequest, verificationStatus } from './verification-request.ts'

/** One step in the life of a request, as it is stored. */
export const verificationAuditEntry = z.strictObject({
  entry_id: z.string(),
  request_id: z.string(),
  /** The place in the trail, from 1 without a gap. */
  sequence: z.int(),
  event: z.enum(['created', 'claimed', 'renewed', 'released', 'result', 'failed']),
  /** Who did it: the client that made the request, or a worker. */
  actor: z.string(),
  at: isoTimestamp,
  /** The status of the request after the step. */
  status: verificationStatus,
  /** The framework of a result. */
  framework: z.string().optional(),
  /** The worker whose claim had run out when another took the request over. */
  taken_from: z.string().optional(),
  /** Why a request was released or failed. */
  reason: z.string().optional(),
  /** The hex SHA-256 over the entry, its place and the hash before: `entryHash` of `@coffer/core`. */
  entry_hash: z.string(),
  /** The `entry_hash` of the step before; 64 zeros for the first. */
  previous_entry_hash: z.string(),
})

/** A step as it is stored: what the schema `verificationAuditEntry` describes. */
export type VerificationAuditEntry = z.output<typeof verificationAuditEntry>

/** The table `verification_audit`; the engine itself refuses to change or remove its rows. */
export const verificationAudit = defineLog({
  name: 'verification_audit',
  schema: verificationAuditEntry,
  key: 'entry_id',
  chain: {
    stream: 'request_id',
    sequence: 'sequence',
    hash: 'entry_hash',
    previous: 'previous_entry_hash',
  },
  fields: {
    entry_id: 'column',
    event: 'column',
    actor: 'index',
    at: 'index',
    status: 'column',
    framework: 'column',
  },
})

/** What a step says beside the request. */
type Step = Pick<VerificationAuditEntry, 'event' | 'actor' | 'framework' | 'taken_from' | 'reason'>

/** Writes down a step, in the transaction that takes it. */
export async function recordStep(
  transaction: BaseStore,
  { request_id, status }: VerificationRequest,
  at: string,
  step: Step,
): Promise<void> {
  await transaction.log(verificationAudit).append(request_id, [{ ...step, entry_id: newId(), at, status }])
}
