/** A stored record as a backend keeps it, and the one rule of when it counts as being there. */

/** The value of an index field. A timestamp is a number of milliseconds, `null` an absent or null member. */
export type FieldValue = string | number | boolean | readonly string[] | null

/** Where a record lives: ids are unique within a tenant and a collection. */
export interface Key {
  readonly tenant: string
  readonly id: string
}

/** What a write must know of the row in place. All times are milliseconds since 1970. */
export interface RowState {
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number | null
  readonly deletedAt: number | null
}

/** A stored record as it was encoded. */
export interface StoredDocument {
  /** JSON text of the encoded record. An engine may order its members anew. */
  readonly document: string
  /** Version of the record schema that wrote it. */
  readonly schemaVersion: number
}

/** A stored row as a backend answers it. */
export interface StoredRow extends Key, RowState, StoredDocument {
  /** Hex SHA-256 of the record, where the collection keeps one. */
  readonly hash: string | null
  /** The index fields as the engine holds them; only where the question asked `withFields`. */
  readonly fields?: readonly FieldValue[] | undefined
}

/** True when the row is past its deadline: from the very millisecond of the deadline on. */
export function isExpired(row: Pick<RowState, 'expiresAt'>, at: number): boolean {
  return row.expiresAt !== null && at >= row.expiresAt
}

/** True when the row counts as being there: neither expired nor soft-deleted. */
export function isLive(row: Pick<RowState, 'expiresAt' | 'deletedAt'>, at: number): boolean {
  return row.deletedAt === null && !isExpired(row, at)
}

/**
 * Which rows a question means: `live` ones; `kept` ones, soft-deleted included, expired not; or `any` row
 * that is physically there.
 */
export type Visibility = 'live' | 'kept' | 'any'

/** True when a row is within the visibility at that instant. */
export function isVisible(row: RowState, visibility: Visibility, at: number): boolean {
  if (visibility === 'any') return true
  return visibility === 'live' ? isLive(row, at) : !isExpired(row, at)
}
