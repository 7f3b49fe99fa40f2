/** All that a store on a simulated disk holds, taken out at one moment and put back at another. */

import type { BaseStore, HeldLayout } from '@coffer/core'
import type { Loader, NewRow, Snapshot, TenantFloor } from '@coffer/core/backend'
import { Ledger } from './crash-model-ledger.ts'

/** More rows and floors than a workload makes. */
const ALL = 10_000
/** Rows that are loaded at once. */
const PIECE = 7

interface Part {
  readonly held: HeldLayout
  readonly rows: readonly NewRow[]
  readonly floors: readonly TenantFloor[]
}

/** What a store held, and what it had promised then. */
export interface Backup {
  readonly parts: readonly Part[]
  readonly ledger: Ledger
}

/** To be taken while no write is under way. */
export function takeBackup(store: BaseStore, ledger: Ledger): Promise<Backup> {
  return store.place().snapshot(async (snapshot) => {
    const parts = await Promise.all(snapshot.layouts.map((held) => partOf(snapshot, held)))
    return { parts, ledger: new Ledger(ledger) }
  })
}

async function partOf(snapshot: Snapshot, held: HeldLayout): Promise<Part> {
  const rows = await snapshot.rows(held.layout, undefined, ALL)
  const floors = await snapshot.floors(held.layout, undefined, ALL)
  return { held, rows, floors }
}

/** Replaces everything, through a store that has used no collection. */
export async function restoreBackup(store: BaseStore, { parts }: Backup): Promise<void> {
  const layouts = parts.map(({ held }) => held)
  await store.place().replace({ layouts, onlyIfEmpty: false }, (loader) => loadAll(loader, parts))
}

async function loadAll(loader: Loader, parts: readonly Part[]): Promise<void> {
  for (const { held, rows, floors } of parts) {
    for (let from = 0; from < rows.length; from += PIECE) {
      await loader.rows(held.layout, rows.slice(from, from + PIECE))
    }
    await loader.floors(held.layout, floors)
  }
}
