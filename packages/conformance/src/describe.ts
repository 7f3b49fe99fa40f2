/** Shows the suite to a test runner: one test per case, refused ones skipped with their reason. */

import { offers } from './case.ts'
import type { Harness } from './harness.ts'
import { runCase } from './run.ts'
import { allCases, DEFAULT_SEED, uncoveredClauses } from './suite.ts'

/** What is needed of a test runner. Those of Vitest and of `node:test` fit as they are. */
export interface TestRunner {
  readonly describe: (name: string, run: () => void) => unknown
  readonly it: (name: string, run: (context: { skip(reason?: string): unknown }) => Promise<void>) => unknown
}

/**
 * Declares the whole suite as tests, grouped by clause. Call it once in a test file:
 *
 * ```ts
 * import { describe, it } from 'vitest'
 * describeConformance(harness, { describe, it })
 * ```
 *
 * @param runner `{ describe, it }` of Vitest or of `node:test`
 * @param options `seed` draws the random cases anew; default: the same ones at every run
 */
export function describeConformance(
  harness: Harness,
  runner: TestRunner,
  options: { readonly seed?: number } = {},
): void {
  const { describe, it } = runner
  const seed = options.seed ?? DEFAULT_SEED
  describe(`conformance: ${harness.name}`, () => {
    it('every clause has a case', async () => {
      const uncovered = uncoveredClauses(allCases)
      if (uncovered.length > 0) throw new Error(`clauses without a case: ${uncovered.join(', ')}`)
    })
    for (const clause of new Set(allCases.map((each) => each.clause))) {
      describe(clause, () => {
        for (const each of allCases.filter((other) => other.clause === clause)) {
          if (each.without?.some((need) => offers(harness.capabilities, need))) continue
          it(`${each.id}: ${each.title}`, async (context) => {
            const { status, error, reason } = await runCase(harness, each, { seed })
            if (status === 'failed') throw error
            if (status === 'refused') context.skip(reason)
          })
        }
      })
    }
  })
}
