/** Runs one case in a place of its own. */

import { type Case, CaseContext, offers } from './case.ts'
import type { Harness } from './harness.ts'

/**
 * What became of one case. `refused`: the backend does not declare what the case needs. `absent`: the case
 * is about backends that lack what this one offers.
 */
export interface CaseResult {
  readonly id: string
  readonly clause: string
  readonly title: string
  readonly status: 'passed' | 'failed' | 'refused' | 'absent'
  readonly durationMs: number
  /** Why it failed. */
  readonly error?: unknown
  /** What the backend does not declare, where it refused. */
  readonly reason?: string
}

/** How a case is run. */
export interface RunOptions {
  readonly seed: number
  /** How long the case may take in milliseconds; then it has failed. Default: 60,000. */
  readonly timeLimitMs?: number
}

const TIME_LIMIT_MS = 60_000

/** Runs one case in a place of its own and takes the place away again. Never throws. */
export async function runCase(harness: Harness, each: Case, options: RunOptions): Promise<CaseResult> {
  const startedAt = performance.now()
  const { id, clause, title } = each
  const result = (status: CaseResult['status'], details: { error?: unknown; reason?: string } = {}) => ({
    id,
    clause,
    title,
    status,
    durationMs: performance.now() - startedAt,
    ...details,
  })
  try {
    return await within(options.timeLimitMs ?? TIME_LIMIT_MS, async () => {
      const place = await harness.create()
      try {
        const { capabilities } = harness
        if (each.without?.some((need) => offers(capabilities, need, place))) return result('absent')
        const missing = each.requires?.find((need) => !offers(capabilities, need, place))
        if (missing !== undefined) return result('refused', { reason: `not declared: ${missing}` })
        const context = new CaseContext(harness, place, options.seed)
        try {
          await each.run(context)
        } finally {
          await context.end()
        }
        return result('passed')
      } finally {
        await place.destroy()
      }
    })
  } catch (error) {
    return result('failed', { error })
  }
}

/** The timer is not unref'd: it must also end work that waits for nothing and would let the process exit. */
async function within<T>(milliseconds: number, run: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the case took longer than ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
  }
}
