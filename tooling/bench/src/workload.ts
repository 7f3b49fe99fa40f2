/** How much is stored and asked for, the same on every backend. */

import { callers } from './arms.ts'
import type { Arm } from './contest.ts'
import { type Step, type Steps, step } from './step.ts'

/** The sizes of a run. */
export interface Workload {
  /** Records that are there before reads are measured. */
  readonly stored: number
  /** Records of one `putMany`. */
  readonly bulk: number
  /** Records before the deep page. */
  readonly depth: number
}

/** What the figures are measured with. */
export const FULL: Workload = { stored: 10_000, bulk: 10_000, depth: 100_000 }

/** Records of one page. */
export const PAGE = 100

/** The largest page that is asked for on the way to the deep one. */
const STRIDE = 1_000

/** The steps of so many numbers, from one on. */
export function records(from: number, count: number): Step[] {
  return Array.from({ length: count }, (_each, index) => step(from + index))
}

/** Goes round in the steps that are there, without an order that a cache would like. */
export function storedStep(turn: number, stored: number): Step {
  return step((turn * 7919) % stored)
}

/** The query for the first page of a session's steps, by time. */
export function pageOf(session: string) {
  return { where: { session_id: session }, orderBy: { at: 'asc' }, limit: PAGE } as const
}

/** Fills a collection, and answers how its page at the depth is read, beside how its first page is. */
export async function deepAndFirstPage(
  collection: Steps,
  { bulk, depth }: Workload,
): Promise<{ deep: Arm; first: Arm }> {
  for (let from = 0; from < depth + bulk; from += bulk) await collection.putMany(records(from, bulk))
  const query = { orderBy: 'step_id', limit: PAGE } as const
  let cursor: string | undefined
  for (let seen = 0; seen < depth; seen += STRIDE) {
    const page: { next: string | undefined } = await collection.find({
      ...query,
      limit: Math.min(STRIDE, depth - seen),
      ...(cursor && { cursor }),
    })
    cursor = page.next
  }
  const deep = cursor === undefined ? query : { ...query, cursor }
  return {
    deep: callers(1, () => collection.find(deep)),
    first: callers(1, () => collection.find(query)),
  }
}
