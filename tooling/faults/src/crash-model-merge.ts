/** A batch of a copy, as one write of the workload: accounts that change and one that goes. */

import type { BaseStore } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'
import { type Held, NO_RECEIPT } from './crash-model-ledger.ts'
import type { Place } from './crash-model-records.ts'
import type { Unit } from './crash-model-units.ts'

const ALL = 100

/** @returns `undefined` where there is no account */
export async function mergeUnit(store: BaseStore): Promise<Unit | undefined> {
  const place = store.place()
  const found = await place.snapshot(async (snapshot) => {
    const held = snapshot.layouts.find(({ layout }) => layout.name === 'accounts')
    return held && { layout: held.layout, rows: await snapshot.rows(held.layout, undefined, ALL) }
  })
  const [gone, ...others] = found?.rows ?? []
  if (found === undefined || gone === undefined) return undefined
  const put = others.map(advanced)
  const places = new Map<Place, Omit<Held, 'version'> | undefined>([[`accounts/${gone.id}`, undefined]])
  for (const { id, document } of put) places.set(`accounts/${id}`, { content: contentOf(document) })
  return {
    label: `merge ${put.length} accounts and remove ${gone.id}`,
    effect: { places, told: [] },
    run: async (at) => {
      await at.place().make([found.layout])
      await at.place().merge(found.layout, {
        put,
        remove: [gone],
        floors: [{ tenant: gone.tenant, version: gone.version }],
      })
      return {
        ...NO_RECEIPT,
        versions: new Map(put.map(({ id, version }) => [`accounts/${id}`, version])),
      }
    },
  }
}

function advanced(row: NewRow): NewRow {
  const { balance } = contentOf(row.document)
  return {
    ...row,
    version: row.version + 3,
    document: JSON.stringify({ id: row.id, balance: balance + 1_000 }),
  }
}

function contentOf(document: string): { readonly balance: number } {
  const { balance }: { balance: number } = JSON.parse(document)
  return { balance }
}
