/** What a batch of writes knows beside the rows: the floors, and whether it meets new records or old ones. */

import type { Layout } from '@coffer/core/backend'
import type { OwnTables } from '@coffer/sql'
import { type Connection, get, run } from './connection.ts'
import type { StatementsOf } from './layout-statements.ts'

/** A batch inside the transaction that its connection is in. */
export interface Batch {
  readonly connection: Connection
  readonly statementsOf: StatementsOf
  /** Core's clock, in milliseconds. */
  readonly at: number
  /**
   * Whether the next put is tried as an insert before its row is looked up: true until a put meets a row.
   * Measured with 10,000 puts: looking up first costs new records a quarter more, and inserting in vain
   * costs old ones two fifths more.
   */
  expectsNew: boolean
  /** Reads a floor at most once. */
  floorOf(layout: Layout, tenant: string): number
  raiseFloor(layout: Layout, tenant: string, version: number): void
  /** Forgets the floors, after a part of the batch was undone. */
  forget(): void
}

/** A batch that has done nothing yet. */
export function batch(connection: Connection, statementsOf: StatementsOf, own: OwnTables, at: number): Batch {
  const floors = new Map<string, Map<string, number>>()
  return {
    connection,
    statementsOf,
    at,
    expectsNew: true,
    floorOf(layout, tenant) {
      const known = floors.get(layout.name)?.get(tenant)
      if (known !== undefined) return known
      const floor = Number(get(connection, own.readFloor, layout.name, tenant)?.[0] ?? 0)
      const tenants = floors.get(layout.name) ?? new Map<string, number>()
      floors.set(layout.name, tenants.set(tenant, floor))
      return floor
    },
    raiseFloor(layout, tenant, version) {
      run(connection, own.raiseFloor, layout.name, tenant, version)
      floors.get(layout.name)?.delete(tenant)
    },
    forget: () => floors.clear(),
  }
}
