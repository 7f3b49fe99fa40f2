/** Two walks over rows side by side, and what counts as equal. */

import { canonicalJson, type Layout } from '@coffer/core'
import { compareText, type Key, type NewRow } from '@coffer/core/backend'
import { documentOf } from './document.ts'

/** Rows one by one, in the order of tenants and ids, out of pages that come when they are asked for. */
export class RowCursor {
  readonly #pages: AsyncGenerator<readonly NewRow[]>
  #page: readonly NewRow[] = []
  #position = 0

  constructor(pages: AsyncGenerator<readonly NewRow[]>) {
    this.#pages = pages
  }

  /** Fetches pages until a row is there; false at the end. */
  async fill(): Promise<boolean> {
    while (this.#position >= this.#page.length) {
      const { done, value } = await this.#pages.next()
      if (done === true) return false
      this.#page = value
      this.#position = 0
    }
    return true
  }

  /** The row that is next, where one is at hand. */
  get row(): NewRow | undefined {
    return this.#page[this.#position]
  }

  step(): void {
    this.#position++
  }

  /** Fetches no more. */
  async end(): Promise<void> {
    await this.#pages.return(undefined)
  }
}

/** Compares two places in the order of tenants and ids. */
export function compareKeys(left: Key, right: Key): number {
  return compareText(left.tenant, right.tenant) || compareText(left.id, right.id)
}

/** True when two rows say the same, however their backends order members and texts. */
export function isSameRow(left: NewRow, right: NewRow, layout: Layout): boolean {
  return (
    left.version === right.version &&
    left.updatedAt === right.updatedAt &&
    left.createdAt === right.createdAt &&
    left.expiresAt === right.expiresAt &&
    left.deletedAt === right.deletedAt &&
    left.schemaVersion === right.schemaVersion &&
    left.hash === right.hash &&
    layout.fields.every((_field, position) => isSameValue(left.fields[position], right.fields[position])) &&
    isSameDocument(left, right, layout)
  )
}

function isSameValue(left: NewRow['fields'][number] | undefined, right: typeof left): boolean {
  if (left === right) return true
  if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
  const sorted = [...right].sort()
  return [...left].sort().every((text, position) => text === sorted[position])
}

function isSameDocument(left: NewRow, right: NewRow, layout: Layout): boolean {
  if (left.document === right.document) return true
  return canonicalJson(documentOf(left, layout)) === canonicalJson(documentOf(right, layout))
}
