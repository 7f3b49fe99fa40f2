/** What a collection's history tells: the changes of a record, and the record as it was. */

import { decodeRow } from './codec.ts'
import { openCursor, type QueryIdentity, sealCursor } from './cursor.ts'
import type { CollectionDefinition } from './definition.ts'
import type { HistoryEntry, RecordPage } from './entry.ts'
import { invalid } from './errors.ts'
import type { Executor } from './executor.ts'
import { type Change, HISTORY, historyName } from './history.ts'
import { totalOrder } from './order.ts'
import type { Comparison, Predicate, Query } from './predicate.ts'
import { checkOptionNames } from './query.ts'
import { isExpired, type StoredRow } from './row.ts'
import { isInstant } from './time.ts'

/** What `history` takes. */
export interface HistoryOptions {
  /** Changes of a page, 1 to 1,000. Default: 100. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

const NEWEST_FIRST = totalOrder([{ field: HISTORY.version, direction: 'desc' }])

/** One page of a record's past, newest first. */
export async function historyOf<R>(
  executor: Executor,
  definition: CollectionDefinition<R>,
  tenant: string,
  id: string,
  options: HistoryOptions,
): Promise<RecordPage<HistoryEntry<R>>> {
  checkOptionNames(options, ['limit', 'cursor'], `${definition.name}: history`)
  const { limit = 100, cursor } = options
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw invalid(`${definition.name}: limit is an integer from 1 to 1000`)
  }
  const where = keyIs(id)
  const identity: QueryIdentity = {
    collection: historyName(definition.name),
    tenant,
    where,
    order: NEWEST_FIRST,
    visibility: 'any',
  }
  const after = cursor === undefined ? undefined : openCursor(cursor, identity)
  const page = await executor.queryHistory(definition, historyQuery(tenant, where, limit, after))
  return {
    records: page.rows.map((row) => toHistoryEntry(definition, row)),
    next: page.next === undefined ? undefined : sealCursor(page.next, identity),
  }
}

/** The record as it was: the last change up to then, unless that took it away or its deadline had passed. */
export async function recordAt<R>(
  executor: Executor,
  definition: CollectionDefinition<R>,
  tenant: string,
  id: string,
  when: Date | { readonly version: number },
): Promise<R | undefined> {
  const at = when instanceof Date ? instantOf(when, definition.name) : undefined
  const bound = at === undefined ? versionIs(when, definition.name) : field(HISTORY.changedAt, 'lte', at)
  const where: Predicate = { type: 'and', terms: [keyIs(id), bound] }
  const page = await executor.queryHistory(definition, historyQuery(tenant, where, 1, undefined))
  const row = page.rows[0]
  if (row === undefined || changeOf(row) === 'delete') return undefined
  return at !== undefined && isExpired(row, at) ? undefined : decodeRow(definition, row)
}

function instantOf(when: Date, collection: string): number {
  if (isInstant(when.getTime())) return when.getTime()
  throw invalid(`${collection}: getAt takes a valid Date or { version }`)
}

function versionIs(when: Date | { readonly version: number }, collection: string): Predicate {
  const version = (when as { version?: unknown } | null)?.version
  if (Number.isSafeInteger(version)) return field(HISTORY.version, 'eq', version as number)
  throw invalid(`${collection}: getAt takes a Date or { version }`)
}

function keyIs(id: string): Predicate {
  return field(HISTORY.key, 'eq', id)
}

function field(position: number, comparison: Comparison, value: string | number): Predicate {
  return { type: 'compare', field: position, comparison, value }
}

function historyQuery(tenant: string, where: Predicate, limit: number, after: Query['after']): Query {
  return { tenant, where, order: NEWEST_FIRST, after, offset: 0, limit, visibility: 'any', withFields: true }
}

function changeOf(row: StoredRow): Change {
  return row.fields?.[HISTORY.change] as Change
}

function toHistoryEntry<R>(definition: CollectionDefinition<R>, row: StoredRow): HistoryEntry<R> {
  return {
    change: changeOf(row),
    version: row.fields?.[HISTORY.version] as number,
    changedAt: new Date(row.fields?.[HISTORY.changedAt] as number),
    record: decodeRow(definition, row),
  }
}
