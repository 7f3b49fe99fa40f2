/** The channels that the stores of a process tell of themselves on. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { BatchEvent, CleanupEvent, OperationEvent, TransactionEvent } from '@coffer/core'

/** What is called for each event. None of it may throw: the process would end by it. */
export interface Listeners {
  readonly operation: (event: OperationEvent) => void
  readonly batch: (event: BatchEvent) => void
  readonly transaction: (event: TransactionEvent) => void
  readonly cleanup: (event: CleanupEvent) => void
}

const NAMES = ['operation', 'batch', 'transaction', 'cleanup'] as const

/** Listens to every store of the process, and answers how to stop. What nobody listens to is not measured. */
export function listen(listeners: Partial<Listeners>): () => void {
  const stops = NAMES.map((name) => {
    const listener = listeners[name] as ((event: unknown) => void) | undefined
    if (listener === undefined) return () => undefined
    subscribe(`coffer:${name}`, listener)
    return () => unsubscribe(`coffer:${name}`, listener)
  })
  return () => {
    for (const stop of stops) stop()
  }
}
