/**
 * Which definitions are too old for a place. A program that changed a collection back to its own form would take
 * fields and indexes from the newer ones beside it, as in the middle of a rolling deployment.
 */

import { StoreError } from './errors.ts'
import type { Layout } from './layout.ts'

/**
 * Why a layout may not be opened over the one that a place holds under its name, as a sentence without its subject.
 * The version alone decides: two forms of one version may follow each other in any order.
 *
 * @returns `undefined` where it may
 */
export function olderDefinition(held: Layout, wanted: Layout): string | undefined {
  if (held.schemaVersion <= wanted.schemaVersion) return undefined
  return (
    `was written by version ${held.schemaVersion} of its definition, and this program has version ` +
    `${wanted.schemaVersion}: use the newer release`
  )
}

/**
 * Refuses layouts that are too old for what a place holds. Backends call it before they change anything, under
 * their lock too, with the layouts that differ from what is held. It names one: a collection comes before its
 * history, which has the same version.
 *
 * @param backend the backend's name, for the error
 * @param heldLayout answers the layout that the place holds under a name
 * @throws StoreError `UNSUPPORTED` when a layout is held in a higher version of its definition
 */
export function refuseOlderDefinitions(
  backend: string,
  wanted: readonly Layout[],
  heldLayout: (name: string) => Layout | undefined,
): void {
  for (const layout of wanted) {
    const { name } = layout
    const held = heldLayout(name)
    const why = held && olderDefinition(held, layout)
    if (why !== undefined)
      throw new StoreError('UNSUPPORTED', `${name} ${why}`, { backend, collection: name })
  }
}
