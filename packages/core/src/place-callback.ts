/** Knows in which store's `snapshot` or `replace` the caller stands: what would wait for its end is refused there. */

import { AsyncLocalStorage } from 'node:async_hooks'

/** What a callback holds while it runs: one state to read, or the place whole. */
export type Held = 'snapshot' | 'replacement'

interface Callback {
  readonly owner: object
  readonly held: Held
  readonly enclosing: Callback | undefined
  isOver: boolean
}

const callbacks = new AsyncLocalStorage<Callback>()

/** Runs a callback that holds the place of an owner open. */
export async function withinPlace<T>(owner: object, held: Held, run: () => Promise<T>): Promise<T> {
  const callback: Callback = { owner, held, enclosing: callbacks.getStore(), isOver: false }
  try {
    return await callbacks.run(callback, run)
  } finally {
    callback.isOver = true
  }
}

/** What of the owner's place the caller's callbacks hold: of several the replacement; `undefined` for nothing. */
export function heldPlace(owner: object): Held | undefined {
  let held: Held | undefined
  // Callbacks of other stores may lie between.
  for (let callback = callbacks.getStore(); callback !== undefined; callback = callback.enclosing) {
    if (callback.owner !== owner || callback.isOver) continue
    if (callback.held === 'replacement') return 'replacement'
    held = callback.held
  }
  return held
}
