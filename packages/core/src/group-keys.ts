/** Which records a group of writes concerns: what decides whether two groups may be in flight at once. */

import type { Layout } from './layout.ts'
import type { Group } from './operation.ts'

/**
 * One text for each record that a group writes, or whose being there it checks. Groups that share none may
 * happen in any order.
 */
export function keysOf({ operations, checks }: Group): string[] {
  const keys = operations.map(({ layout, tenant, id }) => keyText(layout, tenant, id))
  for (const check of checks) {
    const { tenant } = check
    keys.push(
      check.type === 'live'
        ? keyText(check.layout, tenant, check.id)
        : keyText(check.target, tenant, check.value),
    )
  }
  return keys
}

/** No name, tenant or key holds a NUL. */
function keyText(layout: Layout, tenant: string, id: string): string {
  return `${layout.name}\0${tenant}\0${id}`
}
