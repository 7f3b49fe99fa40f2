/** From the lines of an archive back to rows and floors; nothing that does not fit its layout gets through. */

import type { Layout, TenantFloor } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'
import { HEAD_LENGTH } from './row-line.ts'
import { FloorRules, LineProblem, RowRules } from './row-rules.ts'

/** A row with its document, parsed. */
export interface ReadRow {
  readonly row: NewRow
  readonly document: unknown
}

/** Reads the lines of one layout, in their order. */
export class RowReader {
  readonly #rules: RowRules

  constructor(layout: Layout) {
    this.#rules = new RowRules(layout)
  }

  /** The next row; throws a `LineProblem`. */
  read(line: string): ReadRow {
    const values = parseLine(line)
    if (values.length !== HEAD_LENGTH + 1) throw new LineProblem('is not a row')
    const parsed = values[HEAD_LENGTH]
    const head = `${textOf(values.slice(0, HEAD_LENGTH)).slice(0, -1)},`
    if (!line.startsWith(head)) throw new LineProblem('is not written as a row is')
    const [tenant, id, version, createdAt, updatedAt, expiresAt, deletedAt, schemaVersion, hash, fields] =
      values
    const document = line.slice(head.length, -1)
    const row = {
      ...{ tenant, id, version, createdAt, updatedAt, expiresAt, deletedAt, schemaVersion, hash, fields },
      document,
    } as NewRow
    this.#rules.check(row, parsed)
    return { row, document: parsed }
  }
}

/** Reads the floors of one layout, in their order. */
export class FloorReader {
  readonly #rules = new FloorRules()

  /** The next floor; throws a `LineProblem`. */
  read(line: string): TenantFloor {
    const values = parseLine(line)
    if (values.length !== 2 || textOf(values) !== line) throw new LineProblem('is not a floor')
    const [tenant, version] = values
    const floor = { tenant, version } as TenantFloor
    this.#rules.check(floor)
    return floor
  }
}

function parseLine(line: string): readonly unknown[] {
  try {
    const values: unknown = JSON.parse(line)
    if (Array.isArray(values)) return values
  } catch {
    // Told below, without what the parser quotes.
  }
  throw new LineProblem('is not a JSON array')
}

function textOf(values: readonly unknown[]): string {
  try {
    return JSON.stringify(values)
  } catch {
    throw new LineProblem('is nested deeper than there is a reason for')
  }
}
