/** How a backend is asked for the consistency that a caller wants. */

import type { Backend, ReadOptions } from './backend.ts'
import type { Reading } from './executor.ts'

const EVENTUAL: ReadOptions = Object.freeze({ consistency: 'eventual' })
const STRONG: ReadOptions = Object.freeze({ consistency: 'strong' })

/** For reads that something is decided by: a cache must not answer them. */
export const DECIDING: Reading = STRONG

/** What a backend is told. Strong is what an answer is anyway, unless it may come from a cache. */
export function readOptionsOf({ consistency }: Reading, backend: Backend): ReadOptions | undefined {
  if (consistency === undefined) return undefined
  if (consistency === 'eventual') return EVENTUAL
  return backend.cacheStatistics === undefined ? undefined : STRONG
}
