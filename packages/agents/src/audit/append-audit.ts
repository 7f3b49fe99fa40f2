/** Appending to the audit log, for the module itself and for others that have to be audited. */

import { type BaseStore, canonicalJson, isStoreError, StoreError } from '@coffer/core'
import * as z from 'zod'
import { newId } from '../new-id.ts'
import { checkOptionNames } from '../option-names.ts'
import type { Provenance } from '../provenance.ts'
import { AUDIT_STREAM, type AuditEntry, auditEntry, auditLogEntries } from './audit-entry.ts'

/** What `append` takes beside the action and its states. */
export interface AuditAppendOptions {
  /** Anything more that should be kept. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** Which step of which task the action comes from, and when it happened. */
  readonly provenance?: Provenance | undefined
  /** Source events beside those of the provenance. */
  readonly sourceEventIds?: readonly string[] | undefined
  /** The entry's id, so that the delivery can be repeated. Default: a UUID of version 7. */
  readonly id?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const OPTION_NAMES = ['metadata', 'provenance', 'sourceEventIds', 'id', 'signal']

/**
 * Appends one entry to the audit log of the store's tenant, in the store's transaction if it is one. See
 * `AuditMethods.append`.
 */
export async function appendAudit(
  store: BaseStore,
  actor: string,
  action: string,
  stateBefore: unknown,
  stateAfter: unknown,
  options: AuditAppendOptions = {},
): Promise<AuditEntry> {
  checkOptionNames(options, OPTION_NAMES, `${auditLogEntries.name}: append`)
  const { metadata, provenance, sourceEventIds, id, signal } = options
  const said = {
    actor,
    action,
    state_before: stateBefore ?? null,
    state_after: stateAfter ?? null,
    metadata,
    provenance,
    source_event_ids: allSourceEvents(provenance, sourceEventIds),
  }
  const log = store.log(auditLogEntries)
  const entry = { ...said, id: id ?? newId(), timestamp: store.now() }
  try {
    const [appended] = await log.append(AUDIT_STREAM, [entry], { signal })
    return appended as AuditEntry
  } catch (error) {
    if (id === undefined || !isStoreError(error, 'ALREADY_EXISTS')) throw error
    const stored = await log.get(id, { consistency: 'strong' })
    // The time of a repetition differs, and says nothing about the action.
    if (stored === undefined || !isSame(stored, said)) throw error
    return stored
  }
}

/** Every source event that is named, each once. Of a provenance that is none, the schema says so later. */
function allSourceEvents(
  provenance: Provenance | undefined,
  sourceEventIds: readonly string[] | undefined,
): string[] | undefined {
  if (sourceEventIds !== undefined && !Array.isArray(sourceEventIds)) {
    throw new StoreError('INVALID_ARGUMENT', `${auditLogEntries.name}: sourceEventIds is an array of texts`)
  }
  const { source_event_id, source_event_ids } = provenance ?? {}
  const single = source_event_id === undefined ? [] : [source_event_id]
  const several = Array.isArray(source_event_ids) ? source_event_ids : []
  const all = new Set([...(sourceEventIds ?? []), ...single, ...several])
  return all.size === 0 ? undefined : [...all]
}

/** What the caller says in an entry, as opposed to what the log adds. */
const spoken = auditEntry
  .pick({
    actor: true,
    action: true,
    state_before: true,
    state_after: true,
    metadata: true,
    provenance: true,
    source_event_ids: true,
  })
  .strip()

function isSame(...entries: readonly z.output<typeof spoken>[]): boolean {
  const [left, right] = entries.map((entry) => canonicalJson(z.encode(spoken, entry)))
  return left === right
}
