/** A backend whose writes inside of transactions fail when they are told to. */

import type { Backend, BackendTransaction } from '@coffer/core/backend'

/** The same backend; a write inside of a transaction throws, as an engine does, where `fails` says so. */
export function failingBackend(backend: Backend, fails: () => boolean): Backend {
  const transaction: Backend['transaction'] = (run) =>
    backend.transaction((inside) => run(failing(inside, fails)))
  return overridden(backend, { transaction })
}

function failing(inside: BackendTransaction, fails: () => boolean): BackendTransaction {
  const write: BackendTransaction['write'] = async (group, at) => {
    if (fails()) throw new Error('the engine failed, as it was told to')
    return inside.write(group, at)
  }
  return overridden(inside, { write })
}

/** Members of its own in front of an object whose private parts need it for `this`. */
function overridden<T extends object>(target: T, own: Partial<T>): T {
  return new Proxy(target, {
    get: (_target, name) => {
      const value: unknown = Reflect.get(name in own ? own : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
