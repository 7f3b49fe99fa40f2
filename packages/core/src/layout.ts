/**
 * The shape of one collection as a backend sees it: typed fields, indexes and a few flags. Core makes
 * layouts from definitions; a backend turns them into tables, trees or files and never looks further.
 */

/**
 * The type of an index field.
 *
 * - `text`: ordered by unsigned UTF-8 bytes, which is code point order
 * - `integer`: exact within ±(2^53−1)
 * - `number`: a finite double
 * - `timestamp`: an instant, as whole milliseconds since 1970-01-01T00:00:00Z
 * - `texts`: many texts, as an array without order; asked with `has`, `hasAll` and `hasAny`
 */
export type FieldType = 'text' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'texts'

/** One declared field. Its value is extracted by core at every write and handed over beside the document. */
export interface FieldLayout {
  readonly name: string
  readonly type: FieldType
  /** False when every stored record has a value here, so that an engine may declare it NOT NULL. */
  readonly nullable: boolean
  /**
   * Where core takes the value from; absent for the member of the field's name. A backend only compares it, with
   * the rest of the layout: from another source stored rows have other values, and have to be rewritten.
   */
  readonly source?: readonly string[] | undefined
}

/** One collection, as rows. Names are safe as identifiers: `[A-Za-z][A-Za-z0-9_]*`, at most 58 bytes. */
export interface Layout {
  readonly name: string
  readonly fields: readonly FieldLayout[]
  /**
   * Fields of each index by their position in `fields`. Every index begins with the tenant and ends with
   * the id. An index on a `texts` field has that field alone.
   */
  readonly indexes: readonly (readonly number[])[]
  /** Members of the document that a SQL engine shows as generated columns. Nothing queries them. */
  readonly documentColumns: readonly string[]
  /** True when rows may be inserted but never changed or removed; the engine itself must refuse it. */
  readonly appendOnly: boolean
  /** Where a backend adds one row for each write of this collection (see `historyRow`), if anywhere. */
  readonly history: Layout | undefined
  /** Version of the record schema, from 1. */
  readonly schemaVersion: number
}

/** Stands for the row's id where a field position is expected. */
export const ID_FIELD = -1

/** A layout of rows that are asked for by their key alone. */
export function fieldlessLayout(name: string): Layout {
  return {
    name,
    fields: [],
    indexes: [],
    documentColumns: [],
    appendOnly: false,
    history: undefined,
    schemaVersion: 1,
  }
}
