/** A planted fault: a healthy backend made wrong in one way, to see that the suite notices. */

import type { Backend } from '@coffer/core/backend'

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
  /** Takes away what the fault leaked, so that it harms nothing but its own run. */
  readonly mend?: () => void
}
