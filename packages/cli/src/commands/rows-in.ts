/** About how many rows a place has, for bars. */

import type { Place } from '@coffer/core'

/** What the engine's statistics say; `undefined` where it has none, or says that there is nothing. */
export async function rowsIn(place: Place): Promise<number | undefined> {
  const inspection = await place.inspect()
  const rows = inspection?.sizes.reduce((sum, each) => sum + Math.max(0, each.rows), 0)
  return rows === 0 ? undefined : rows
}
