/** A planted fault: a healthy backend made wrong in one way, to see that the suite notices. */

import type { Backend, WithCache } from '@coffer/core/backend'

/** One broken backend, as data. */
export interface Fault {
  /** A word or two, unique and stable: `count-expired`. */
  readonly id: string
  /** What the backend does wrong, in plain words. */
  readonly title: string
  /** The clause that it breaks. */
  readonly clause: string
  /** Wraps a healthy backend. Called for every backend that a case opens. */
  readonly plant: (backend: Backend) => Backend
  /** Makes a broken cache out of the healthy one, for faults of a cache; `plant` then changes nothing. */
  readonly plantCache?: (withCache: WithCache) => WithCache
  /** Takes away what the fault leaked, so that it harms nothing but its own run. */
  readonly mend?: () => void
}
