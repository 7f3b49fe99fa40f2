/** When a batch leaves: as soon as all that is ready to run has run, without any timer. */

/**
 * Calls back once the microtasks that are due now have run. Callers that were all waiting for one batch are
 * woken in microtasks; whatever they ask for next is there when the callback runs, and is joined.
 */
export function afterReadyWork(callback: () => void): void {
  queueMicrotask(() => process.nextTick(callback))
}
