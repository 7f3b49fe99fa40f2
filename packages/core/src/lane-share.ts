/** How work that waits is spread over the lanes to an engine. */

/** Less than this is not split: every call costs the engine something of its own. */
const LEAST_SHARE = 16

/**
 * How much of the work the next call should take, so that all lanes get about the same. Callers who wait for
 * one call come back together; with equal shares one lane's callers prepare while the others' are served,
 * where one call for everybody would leave the engine idle meanwhile.
 *
 * @param work operations or keys, those in flight included
 */
export function shareOf(work: number, lanes: number): number {
  return Math.max(LEAST_SHARE, Math.ceil(work / lanes))
}
