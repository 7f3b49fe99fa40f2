/**
 * The floors that are known to have a row. A new record reads the floor of its tenant under a lock, which
 * needs a row to lie on; so the first record of a tenant makes one.
 */

import type { Operation } from '@coffer/core/backend'
import type { Command } from './session.ts'

/** The most floors that are remembered. When there are more, all are forgotten and made sure of anew. */
const MAX_KNOWN = 100_000

/** One floor. */
export interface Floor {
  readonly layout: string
  readonly tenant: string
}

export class Floors {
  readonly #known = new Set<string>()
  readonly #name: string

  /** @param name the name of the table of floors, quoted */
  constructor(name: string) {
    this.#name = name
  }

  /** The floors that these operations need and that may have no row yet. */
  missing(operations: readonly Operation[]): readonly Floor[] {
    const missing = new Map<string, Floor>()
    let last: Operation | undefined
    for (const operation of operations) {
      if (operation.type !== 'put') continue
      const { layout, tenant } = operation
      if (last?.layout === layout && last.tenant === tenant) continue
      last = operation
      const name = nameOf(layout.name, tenant)
      if (!this.#known.has(name) && !missing.has(name)) missing.set(name, { layout: layout.name, tenant })
    }
    return [...missing.values()]
  }

  /** Makes the rows, inside a transaction. */
  command(floors: readonly Floor[]): Command {
    return {
      text:
        `INSERT INTO ${this.#name} (layout, tenant, version) ` +
        'SELECT layout, tenant, 0 FROM unnest($1::text[], $2::text[]) AS floor(layout, tenant) ON CONFLICT DO NOTHING',
      parameters: [floors.map(({ layout }) => layout), floors.map(({ tenant }) => tenant)],
    }
  }

  /** Forgets what it knew: the rows may be gone. */
  forget(): void {
    this.#known.clear()
  }

  /** Remembers floors whose rows are committed. */
  add(floors: readonly Floor[]): void {
    if (this.#known.size + floors.length > MAX_KNOWN) this.#known.clear()
    for (const { layout, tenant } of floors) this.#known.add(nameOf(layout, tenant))
  }
}

function nameOf(layout: string, tenant: string): string {
  return `${layout}\0${tenant}`
}
