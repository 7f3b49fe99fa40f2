/** A pool that the caller has lent. Several stores may use one; what they share is kept here. */

import type { Pool } from 'pg'
import { PoolDoor } from './pool-door.ts'

interface LentPool {
  readonly door: PoolDoor
  stores: number
}

const lentPools = new WeakMap<Pool, LentPool>()

/** The door of a pool, the same for every store that borrows it. Each gives it back in the end. */
export function borrow(pool: Pool): PoolDoor {
  const lent = lentPools.get(pool) ?? { door: new PoolDoor(pool, true), stores: 0 }
  lentPools.set(pool, lent)
  if (lent.stores === 0) pool.on('error', ignoreIdleError)
  lent.stores++
  return lent.door
}

/** Leaves the pool as it was, as far as this store is concerned. */
export function giveBack(pool: Pool): void {
  const lent = lentPools.get(pool)
  if (lent === undefined) return
  lent.stores--
  if (lent.stores > 0) return
  pool.off('error', ignoreIdleError)
  lentPools.delete(pool)
}

/** A connection that breaks while it lies idle is replaced by the pool when it is next needed. */
const ignoreIdleError = () => undefined
