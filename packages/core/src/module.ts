/** Modules: sets of methods that are attached to a store, with the collections and logs they need. */

import type { CollectionDefinition } from './definition.ts'
import type { LogDefinition } from './log-definition.ts'
import type { BaseStore } from './store.ts'

/** A module, made by `defineModule`. `M` are its methods. */
export interface Module<M extends object = object> {
  readonly collections: readonly CollectionDefinition[]
  readonly logs: readonly LogDefinition[]
  /** Makes the methods for one handle: a store, a tenant of it, or a transaction. */
  readonly methods: (store: BaseStore) => M
}

/** Modules by the name under which a store shows their methods. */
export type Modules = Readonly<Record<string, Module>>

/** The methods of modules, by name. */
export type ModuleMethods<M extends Modules> = { readonly [N in keyof M]: ReturnType<M[N]['methods']> }

/**
 * Defines a module. Its collections and logs are made when the store opens; its methods are made anew for
 * every handle, so `store` is always the handle they are called on, a transaction included.
 */
export function defineModule<M extends object>(options: {
  readonly collections?: Readonly<Record<string, AnyCollection>>
  readonly logs?: Readonly<Record<string, AnyLog>>
  readonly methods: (store: BaseStore) => M
}): Module<M> {
  return {
    collections: Object.values(options.collections ?? {}) as CollectionDefinition[],
    logs: Object.values(options.logs ?? {}) as LogDefinition[],
    methods: options.methods,
  }
}

/** A definition of any records. */
type AnyCollection = Pick<CollectionDefinition, 'name' | 'layout'>
type AnyLog = Pick<LogDefinition, 'name' | 'chain'>
