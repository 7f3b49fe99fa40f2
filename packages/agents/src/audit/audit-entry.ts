/** Entries of the audit log: who did what, and the state before and after, after Aureus' PostgresAuditLog. */

import { defineLog, isoDate } from '@coffer/core'
import * as z from 'zod'
import { provenance } from '../provenance.ts'
import { metadata } from '../registry/json-member.ts'

/**
 * One entry of the audit log, as it is stored. `state_before` and `state_after` are any JSON, `null` where
 * there is nothing to say. Members that are not named here are refused; `metadata` takes anything.
 */
export const auditEntry = z.strictObject({
  id: z.string(),
  /** When the entry was appended, by the store's clock. */
  timestamp: isoDate,
  actor: z.string().min(1),
  action: z.string().min(1),
  state_before: z.unknown(),
  state_after: z.unknown(),
  metadata: metadata.optional(),
  /** Where the action comes from; its `timestamp` is when it happened. */
  provenance: provenance.optional(),
  /** Every source event that was named, those of the provenance included, each once. */
  source_event_ids: z.array(z.string()).optional(),
  /** The same for every entry: a tenant has one audit log. */
  log: z.string(),
  /** The place in the log, from 1 without a gap. */
  sequence: z.int(),
  /** The hex SHA-256 over the entry, its place and the hash before: `entryHash` of `@coffer/core`. */
  content_hash: z.string(),
  /** The `content_hash` of the entry before; 64 zeros for the first. */
  previous_hash: z.string(),
})

/** An entry as it is stored: what the schema `auditEntry` describes. */
export type AuditEntry = z.output<typeof auditEntry>

/** The stream of a tenant's entries. */
export const AUDIT_STREAM = 'audit'

/** The table `audit_log_entries`; the engine itself refuses to change or remove its rows. */
export const auditLogEntries = defineLog({
  name: 'audit_log_entries',
  schema: auditEntry,
  key: 'id',
  chain: { stream: 'log', sequence: 'sequence', hash: 'content_hash', previous: 'previous_hash' },
  // Every index costs each append; `step_id` is found through its task or by a scan.
  fields: {
    id: 'column',
    sequence: 'column',
    timestamp: 'column',
    actor: 'column',
    action: 'column',
    task_id: { path: 'provenance.task_id', index: false },
    step_id: { path: 'provenance.step_id', index: false },
    source_event_ids: 'index',
    content_hash: 'column',
    state_before: 'json',
    state_after: 'json',
    metadata: 'json',
    provenance: 'json',
  },
  indexes: [
    ['timestamp', 'sequence'],
    ['actor', 'timestamp', 'sequence'],
    ['action', 'timestamp', 'sequence'],
    ['task_id', 'timestamp', 'sequence'],
  ],
})
