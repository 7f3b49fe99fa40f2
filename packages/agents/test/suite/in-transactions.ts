/** Stores of which every method of a module runs in a transaction of its own. */

import type { AgentStore } from '../../src/index.ts'
import { modules } from './methods.ts'

type Methods = Readonly<Record<string, unknown>>

/** The same store, whose agent stores run each call in a transaction. */
export function inTransactions(store: AgentStore): AgentStore {
  // Not on the store itself: a proxy has to answer the fixed members of its target as they are.
  return new Proxy({} as AgentStore, {
    get: (_nothing, name) => {
      if (modules.includes(String(name))) return transactional(store, [String(name)])
      if (name === 'tenant') return (tenant: string) => inTransactions(store.tenant(tenant))
      const value: unknown = Reflect.get(store, name, store)
      return typeof value === 'function' ? value.bind(store) : value
    },
  })
}

function transactional(store: AgentStore, path: readonly string[]): Methods {
  return new Proxy(methodsAt(store, path), {
    get: (target, name) => {
      const value = Reflect.get(target, name)
      if (typeof value === 'object' && value !== null) return transactional(store, [...path, String(name)])
      // A generator lives longer than one transaction.
      if (typeof value !== 'function' || /^iterate/.test(String(name))) return value
      return (...parameters: unknown[]) =>
        store.transaction(async (transaction) => {
          const methods = methodsAt(transaction, path)
          return await Reflect.apply(methods[String(name)] as () => unknown, methods, parameters)
        })
    },
  })
}

function methodsAt(store: AgentStore, path: readonly string[]): Methods {
  return path.reduce<unknown>((at, name) => Reflect.get(at as object, name), store) as Methods
}
