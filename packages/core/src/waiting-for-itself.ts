/** Refuses what would wait for the callback that it stands in, on every backend alike. */

import type { Engine } from './engine.ts'
import { invalid } from './errors.ts'
import { heldPlace } from './place-callback.ts'
import { currentTransaction } from './transaction-scope.ts'

/** Refuses an action on the outer store inside a transaction's callback. */
export function refuseInsideTransaction(engine: Engine, action: string): void {
  if (currentTransaction(engine) === undefined) return
  throw invalid(
    `${action} on the outer store inside a transaction's callback would wait for the transaction itself; ` +
      'use the store that the callback is given',
  )
}

/** Refuses an action inside the callback of a snapshot or a replacement. */
export function refuseInsidePlace(engine: Engine, action: string): void {
  if (heldPlace(engine) === undefined) return
  throw invalid(
    `${action} inside the callback of a snapshot or a replacement would wait for the callback itself`,
  )
}
