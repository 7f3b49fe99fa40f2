/** Brings the rows of a collection up to its definition, where they were written under another one. */

import type { Backend, Reindexed } from './backend.ts'
import { extractFields, upgradeDocument } from './codec.ts'
import type { CollectionDefinition } from './definition.ts'
import { isStoreError, StoreError } from './errors.ts'
import { recordHash } from './hash.ts'
import { canonicalJson, type JsonObject } from './json.ts'
import type { StoredRow } from './row.ts'
import { walkBoundedPages } from './walk.ts'

/** How far the rewriting of a collection is. */
export interface RewriteProgress {
  readonly collection: string
  /** Records that were looked at. */
  readonly done: number
  /** Records there are, as they were counted at the start, and at least those that were looked at. */
  readonly total: number
}

/** What was rewritten of a collection. */
export interface RewrittenCollection {
  readonly collection: string
  /** Records that were looked at, of all tenants and in whatever state. */
  readonly seen: number
  /** How many of them had another form. */
  readonly rewritten: number
}

/** Who watches the rewriting, and ends it. */
export interface Rewriting {
  /** Called after every page of records. */
  readonly onProgress?: ((progress: RewriteProgress) => void) | undefined
  /** Ends it between two pages, with `ABORTED`; what is done stays done. */
  readonly signal?: AbortSignal | undefined
  /** Called when a collection is finished. */
  readonly onRewritten?: ((rewritten: RewrittenCollection) => void) | undefined
}

const PAGE_ROWS = 500

/**
 * Upgrades documents and takes their index fields out anew, page by page over all tenants. It may be
 * interrupted and begun again: a row that is already right is not written again.
 */
export async function reindexRows(
  backend: Backend,
  definition: CollectionDefinition,
  at: number,
  { onProgress, signal, onRewritten }: Rewriting,
): Promise<void> {
  const { name: collection, layout } = definition
  const tenants = await backend.tenants(layout)
  const total = onProgress === undefined ? 0 : await countRows(backend, definition, tenants, at)
  let [seen, rewritten] = [0, 0]
  refuseAborted(collection, signal)
  for await (const rows of allRows(backend, definition, tenants, at)) {
    const outdated = rows.flatMap((row) => reindexed(definition, row) ?? [])
    if (outdated.length > 0) await backend.reindex(layout, outdated, false)
    seen += rows.length
    rewritten += outdated.length
    onProgress?.({ collection, done: seen, total: Math.max(seen, total) })
    refuseAborted(collection, signal)
  }
  await backend.reindex(layout, [], true)
  onRewritten?.({ collection, seen, rewritten })
}

function refuseAborted(collection: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new StoreError(
    'ABORTED',
    `${collection}: its rewriting was aborted; what is rewritten stays so, and the next one does the rest`,
    { collection },
  )
}

/** A record that can't be brought up stops it: queries would pass over the record from then on. */
function reindexed(definition: CollectionDefinition, row: StoredRow): Reindexed | undefined {
  try {
    const stored = JSON.parse(row.document) as JsonObject
    const document = upgradeDocument(definition, stored, row.schemaVersion)
    const fields = extractFields(definition, document)
    const hasItsHash = (row.hash !== null) === definition.integrity
    const isCurrent = row.schemaVersion === definition.version && hasItsHash
    if (isCurrent && canonicalJson(fields) === canonicalJson(row.fields)) return undefined
    const { tenant, id, version } = row
    const hash = rehash(definition, row, stored, document)
    return { tenant, id, version, document: JSON.stringify(document), fields, hash }
  } catch (cause) {
    if (isStoreError(cause, 'UNSUPPORTED')) throw cause
    throw new StoreError(
      'CORRUPT',
      `${definition.name}: a stored record does not fit the new definition (${reason(cause)}); ` +
        `raise the definition's version and give an upgrade from ${row.schemaVersion}`,
      { collection: definition.name, keys: [row.id], cause: isStoreError(cause) ? cause : undefined },
    )
  }
}

/** Core's own refusals name members and never values. */
function reason(cause: unknown): string {
  return isStoreError(cause, 'INVALID_ARGUMENT') ? cause.message : 'the upgrade failed'
}

/** A hash that did not fit before is carried over: writing a fresh one would hide the damage. */
function rehash(
  definition: CollectionDefinition,
  row: StoredRow,
  stored: JsonObject,
  document: JsonObject,
): string | null {
  if (!definition.integrity) return null
  const damaged = row.hash !== null && row.hash !== recordHash(definition.name, row.tenant, row.id, stored)
  return damaged ? row.hash : recordHash(definition.name, row.tenant, row.id, document)
}

async function countRows(
  backend: Backend,
  { layout }: CollectionDefinition,
  tenants: readonly string[],
  at: number,
): Promise<number> {
  let rows = 0
  for (const tenant of tenants) {
    rows += await backend.count(layout, { tenant, where: undefined, visibility: 'any' }, at)
  }
  return rows
}

async function* allRows(
  backend: Backend,
  { layout }: CollectionDefinition,
  tenants: readonly string[],
  at: number,
): AsyncGenerator<readonly StoredRow[]> {
  for (const tenant of tenants) {
    const walk = { tenant, where: undefined, limit: PAGE_ROWS, visibility: 'any', withFields: true } as const
    yield* walkBoundedPages((query) => backend.query(layout, query, at), walk)
  }
}
