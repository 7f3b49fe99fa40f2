/** Knows in which store's `snapshot` or `replace` the caller stands: what would wait for its end is refused there. */

import { AsyncLocalStorage } from 'node:async_hooks'

interface Callback {
  readonly owner: object
  readonly enclosing: Callback | undefined
  isOver: boolean
}

const callbacks = new AsyncLocalStorage<Callback>()

/** Runs a callback that holds the place of an owner open. */
export async function withinPlace<T>(owner: object, run: () => Promise<T>): Promise<T> {
  const callback: Callback = { owner, enclosing: callbacks.getStore(), isOver: false }
  try {
    return await callbacks.run(callback, run)
  } finally {
    callback.isOver = true
  }
}

/** Whether the caller is in a callback that holds the owner's place open. */
export function isWithinPlace(owner: object): boolean {
  let callback = callbacks.getStore()
  // Callbacks of other stores may lie between.
  while (callback !== undefined && (callback.owner !== owner || callback.isOver))
    callback = callback.enclosing
  return callback !== undefined
}
