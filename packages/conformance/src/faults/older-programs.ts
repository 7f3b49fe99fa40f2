/** Faults in what an older program is told, and in what it does before that. */

import type { Backend, Layout } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'

/** A fault in opening layouts, of which some may be too old for the place. */
function openingFault(
  id: string,
  title: string,
  wrong: (
    backend: Backend,
    layouts: readonly Layout[],
    versionOf: (layout: Layout) => number,
  ) => ReturnType<Backend['open']>,
): Fault {
  return {
    id,
    clause: 'U5',
    title,
    plant: (backend) =>
      overridden(backend, {
        open: async (layouts) => {
          await backend.open([])
          const held = (await backend.contents?.layouts()) ?? []
          const versions = new Map(held.map(({ layout }) => [layout.name, layout.schemaVersion]))
          return wrong(backend, layouts, ({ name }) => versions.get(name) ?? 0)
        },
      }),
  }
}

export const olderProgramFaults: readonly Fault[] = [
  openingFault(
    'older-program-let-in',
    'an older program changes tables back to its own form',
    (backend, layouts, versionOf) => backend.open(layouts.map((each) => passing(each, versionOf(each)))),
  ),
  openingFault(
    'older-program-changes-first',
    'an older program is refused after it has changed tables back',
    async (backend, layouts, versionOf) => {
      await backend.open(layouts.map((each) => passing(each, versionOf(each))))
      return backend.open(layouts)
    },
  ),
  openingFault(
    'older-program-makes-others',
    'an older program makes its other tables before it is refused',
    async (backend, layouts, versionOf) => {
      await backend.open(layouts.filter((each) => versionOf(each) <= each.schemaVersion))
      return backend.open(layouts)
    },
  ),
]

/** The form of an older layout in a version that is not refused. */
function passing(layout: Layout, heldVersion: number): Layout {
  return { ...layout, schemaVersion: Math.max(layout.schemaVersion, heldVersion) }
}
