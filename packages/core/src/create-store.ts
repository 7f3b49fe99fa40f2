/** The way in. */

import type { StoreConfig } from './config.ts'
import { Engine } from './engine.ts'
import { invalid } from './errors.ts'
import type { Modules } from './module.ts'
import { BaseStore, bind, type Store } from './store.ts'
import { checkTenant } from './text.ts'

/**
 * Makes a store. Returns at once: the backend is loaded and opened by the first operation, or by
 * `store.open()`. Throws `INVALID_ARGUMENT` for options that are unknown or out of bounds.
 *
 * @param config which backend, its options, and the store's own
 * @param modules sets of methods to attach, by the name to show them under
 */
export function createStore<const M extends Modules = Record<never, never>>(
  config: StoreConfig,
  modules: M = {} as M,
): Store<M> {
  const engine = new Engine(config)
  for (const [name, module] of Object.entries(modules)) {
    if (name in BaseStore.prototype || name === 'tenantName' || name === 'confined') {
      throw invalid(`a module can't be named '${name}': a store has something of that name`)
    }
    if (typeof module?.methods !== 'function')
      throw invalid(`'${name}' is no module; make one with defineModule`)
    for (const definition of module.collections) engine.definitions.add(definition)
    for (const log of module.logs) {
      engine.definitions.add(log.entries)
      engine.definitions.add(log.heads)
    }
  }
  return bind(engine, modules, checkTenant(engine.options.tenant), false)
}
