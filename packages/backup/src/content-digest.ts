/** Hashes over what a place holds: the same for the same rows, whatever backend they are on. */

import { createHash } from 'node:crypto'
import { canonicalJson, type Layout, sha256, type TenantFloor } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'
import { COPIES } from './copy-mark.ts'
import { canonicalLine, floorLine } from './row-line.ts'

/** What the rows and floors of one layout come to. */
export interface LayoutDigest {
  readonly layout: string
  readonly rows: number
  readonly tenants: number
  readonly floors: number
  /** Hex SHA-256 of the rows' canonical lines. */
  readonly rowsHash: string
  /** Hex SHA-256 of the floors' lines. */
  readonly floorsHash: string
}

/** Takes up the rows and the floors of one layout, each in their order. */
export class LayoutDigester {
  readonly #layout: Layout
  readonly #rowsHash = createHash('sha256')
  readonly #floorsHash = createHash('sha256')
  #rows = 0
  #tenants = 0
  #floors = 0
  #lastTenant: string | undefined
  #lines = ''

  constructor(layout: Layout) {
    this.#layout = layout
  }

  /** Takes up a row. @param document its document, parsed */
  row(row: NewRow, document: unknown): void {
    this.#rows++
    if (row.tenant !== this.#lastTenant) this.#tenants++
    this.#lastTenant = row.tenant
    this.#lines += canonicalLine(row, this.#layout, document)
    if (this.#lines.length > 64 * 1_024) this.#flush()
  }

  #flush(): void {
    this.#rowsHash.update(this.#lines)
    this.#lines = ''
  }

  /** Takes up a floor. */
  floor(floor: TenantFloor): void {
    this.#floors++
    this.#floorsHash.update(`${floorLine(floor)}\n`)
  }

  /** What all of it came to. */
  end(): LayoutDigest {
    this.#flush()
    return {
      layout: this.#layout.name,
      rows: this.#rows,
      tenants: this.#tenants,
      floors: this.#floors,
      rowsHash: this.#rowsHash.digest('hex'),
      floorsHash: this.#floorsHash.digest('hex'),
    }
  }
}

/**
 * The hash of everything: of what has rows or floors. A layout without any counts as one that is not there, and
 * what copies note of themselves is left out, so that a copy has the hash of what it was made of.
 */
export function hashOfContents(digests: readonly LayoutDigest[]): string {
  const layouts = digests
    .filter(({ layout, rows, floors }) => layout !== COPIES && rows + floors > 0)
    .map(({ layout, rows, rowsHash, floorsHash }) => ({ layout, rows, rowsHash, floorsHash }))
  return sha256(canonicalJson({ coffer: 'contents/1', layouts }))
}
