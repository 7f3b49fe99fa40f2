/** A store whose backend is watched, or made to fail, by a case. */

import { type BaseStore, createStore, type StoreOptions } from '@coffer/core'
import type { Backend } from '@coffer/core/backend'
import type { CaseContext } from './case.ts'

/** The same backend with some methods replaced. */
export function overridden<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get(inner, name) {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name)
      const value: unknown = Reflect.get(inner, name)
      return typeof value === 'function' ? value.bind(inner) : value
    },
  })
}

/** Replaces some of what a backend does. */
export type Wrap = (backend: Backend) => Partial<Backend>

/** Runs with a store on the case's place whose backend went through `wrap`, and closes it. */
export async function withWrapped(
  context: CaseContext,
  wrap: Wrap,
  run: (store: BaseStore) => Promise<void>,
  options: StoreOptions = {},
): Promise<void> {
  const backend = context.place.backend()
  const store = createStore({ clock: context.clock, ...options, backend: overridden(backend, wrap(backend)) })
  try {
    await run(store)
  } finally {
    await store.close()
  }
}
