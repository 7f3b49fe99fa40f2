/** When a batch leaves: as soon as all that is ready to run has run, without any timer. */

/**
 * Calls back once the microtasks that are due now have run. Callers that were all waiting for one batch are
 * woken in microtasks; whatever they ask for next is there when the callback runs, and is joined.
 *
 * @param expectsMore asked once what is called in this turn has been called: when nobody else can come, the
 *   callback runs without leaving the microtasks, which a lone caller would pay for
 */
export function afterReadyWork(callback: () => void, expectsMore: () => boolean = () => true): void {
  queueMicrotask(() => {
    if (expectsMore()) process.nextTick(callback)
    else callback()
  })
}
