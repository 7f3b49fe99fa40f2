/** Brings the rows of a collection whose definition has changed up to the new one. */

import type { Backend, Reindexed } from './backend.ts'
import { extractFields, upgradeDocument } from './codec.ts'
import type { CollectionDefinition } from './definition.ts'
import { isStoreError, StoreError } from './errors.ts'
import { recordHash } from './hash.ts'
import type { JsonObject } from './json.ts'
import type { StoredRow } from './row.ts'
import { walkPages } from './walk.ts'

const PAGE_ROWS = 500

/**
 * Upgrades documents and takes their index fields out anew, page by page over all tenants. It may be
 * interrupted and begun again: a row that is already right is written again as it is.
 */
export async function reindexRows(
  backend: Backend,
  definition: CollectionDefinition,
  at: number,
): Promise<void> {
  const { layout } = definition
  for await (const rows of allRows(backend, definition, at)) {
    await backend.reindex(
      layout,
      rows.map((row) => reindexed(definition, row)),
      false,
    )
  }
  await backend.reindex(layout, [], true)
}

/** A record that can't be brought up stops it: queries would pass over the record from then on. */
function reindexed(definition: CollectionDefinition, row: StoredRow): Reindexed {
  try {
    return rewritten(definition, row)
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

function rewritten(definition: CollectionDefinition, row: StoredRow): Reindexed {
  const stored = JSON.parse(row.document) as JsonObject
  const document = upgradeDocument(definition, stored, row.schemaVersion)
  return {
    tenant: row.tenant,
    id: row.id,
    version: row.version,
    document: JSON.stringify(document),
    fields: extractFields(definition, document),
    hash: rehash(definition, row, stored, document),
  }
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

async function* allRows(
  backend: Backend,
  { layout }: CollectionDefinition,
  at: number,
): AsyncGenerator<readonly StoredRow[]> {
  for (const tenant of await backend.tenants(layout)) {
    const walk = { tenant, where: undefined, limit: PAGE_ROWS, visibility: 'any', withFields: false } as const
    yield* walkPages((query) => backend.query(layout, query, at), walk)
  }
}
