/** Two collections that places are filled with, and the filling. */

import { type BaseStore, defineCollection, type HeldLayout, type Loader } from '@coffer/core'
import * as z from 'zod'

export const schema = z.object({ id: z.string(), n: z.int() })
export const things = defineCollection({
  name: 'things',
  schema,
  key: 'id',
  fields: { n: 'index' },
  history: true,
})
export const others = defineCollection({ name: 'others', schema, key: 'id', softDelete: true })

/** Layouts as a place holds them. */
export const held = (...layouts: (typeof things.layout)[]): readonly HeldLayout[] =>
  layouts.map((layout) => ({ layout: { ...layout, history: undefined }, stale: false }))

/** Replaces all that a store's place holds by these collections, with what is loaded. */
export function replaceBy(store: BaseStore, onlyIfEmpty: boolean, run: (loader: Loader) => Promise<unknown>) {
  return store.place().replace({ layouts: held(others.layout, things.layout), onlyIfEmpty }, run)
}
