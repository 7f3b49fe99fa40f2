/** What is asked to stop: the one failure for it, whatever was under way. */

import { StoreError } from '@coffer/core'

/** Throws `ABORTED` once a signal has been given. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StoreError('ABORTED', 'stopped as asked', { cause: signal.reason })
}
