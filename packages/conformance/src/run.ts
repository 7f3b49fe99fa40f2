/** Runs cases, one after the other, each in a place of its own. */

import { type Case, CaseContext, offers } from './case.ts'
import type { Harness } from './harness.ts'

/** What became of one case. `refused`: the backend does not declare what the case needs. */
export interface CaseResult {
  readonly id: string
  readonly clause: string
  readonly title: string
  readonly status: 'passed' | 'failed' | 'refused'
  readonly durationMs: number
  /** Why it failed. */
  readonly error?: unknown
}

/** Runs one case in a place of its own and takes the place away again. */
export async function runCase(harness: Harness, each: Case, seed: number): Promise<CaseResult> {
  const startedAt = performance.now()
  const { id, clause, title } = each
  const result = (status: CaseResult['status'], error?: unknown): CaseResult => ({
    id,
    clause,
    title,
    status,
    durationMs: performance.now() - startedAt,
    ...(error !== undefined && { error }),
  })
  const place = await harness.create()
  try {
    const missing = (each.requires ?? []).find((requirement) => !offers(harness, place, requirement))
    if (missing !== undefined) return result('refused')
    const context = new CaseContext(harness, place, seed)
    try {
      await each.run(context)
    } finally {
      await context.end()
    }
    return result('passed')
  } catch (error) {
    return result('failed', error)
  } finally {
    await place.destroy()
  }
}
