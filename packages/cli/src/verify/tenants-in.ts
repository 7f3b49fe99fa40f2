/** The tenants that a place has. */

import type { Layout, Place, Snapshot } from '@coffer/core'
import { compareText } from '@coffer/core/backend'

/** No key stands behind it: 1,024 bytes of the last code point that there is. */
const BEHIND_ALL_KEYS = '\u{10ffff}'.repeat(256)

/** The tenants with rows in any layout, in text order; a look into each layout for each of its tenants. */
export async function tenantsIn(place: Place): Promise<readonly string[]> {
  return place.snapshot(async (snapshot) => {
    const tenants = new Set<string>()
    for (const { layout } of snapshot.layouts) {
      for await (const tenant of tenantsOf(snapshot, layout)) tenants.add(tenant)
    }
    return [...tenants].sort(compareText)
  })
}

async function* tenantsOf(snapshot: Snapshot, layout: Layout): AsyncGenerator<string> {
  let [row] = await snapshot.rows(layout, undefined, 1)
  while (row !== undefined) {
    yield row.tenant
    const behind = { tenant: row.tenant, id: BEHIND_ALL_KEYS }
    row = (await snapshot.rows(layout, behind, 1))[0]
  }
}
