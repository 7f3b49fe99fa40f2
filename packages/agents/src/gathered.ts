/** Answers that are whole: arrays of everything there is, up to a bound. */

import { StoreError } from '@coffer/core'

/** The most records that one such array holds. */
const MAX_GATHERED = 100_000
/** Records that are read at once. */
export const PAGE_RECORDS = 1_000

/** How many records to read at once for an answer of so many. @throws `INVALID_ARGUMENT` for what is no limit */
export function answeredPage(limit: number | undefined, collection: string): number {
  if (limit === undefined) return PAGE_RECORDS
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_GATHERED) return Math.min(limit, PAGE_RECORDS)
  const message = `${collection}: 'limit' is an integer from 1 to ${MAX_GATHERED}`
  throw new StoreError('INVALID_ARGUMENT', message, { collection })
}

/**
 * All records, or the first of them up to the limit.
 *
 * @param advice what they are, and how to read more of them
 * @throws `LIMIT_EXCEEDED` for more than 100,000
 */
export async function gathered<T>(
  records: AsyncIterable<T>,
  limit: number | undefined,
  collection: string,
  advice: string,
): Promise<T[]> {
  const all: T[] = []
  for await (const record of records) {
    if (all.length === MAX_GATHERED) {
      const message = `${collection}: more than ${MAX_GATHERED} ${advice}, or set a limit`
      throw new StoreError('LIMIT_EXCEEDED', message, { collection })
    }
    all.push(record)
    if (all.length === limit) break
  }
  return all
}
