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

/** How the suite is declared. */
export interface DescribeOptions {
  /** Draws the random cases anew. Default: the same ones at every run. */
  readonly seed?: number
  /** Declares one part of several, counted from 1, so that test files can run at once. Default: all. */
  readonly part?: { readonly number: number; readonly of: number }
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
 */
export function describeConformance(
  harness: Harness,
  runner: TestRunner,
  options: DescribeOptions = {},
): void {
  const { describe, it } = runner
  const { seed = DEFAULT_SEED, part = { number: 1, of: 1 } } = options
  const cases = allCases.filter((_each, index) => index % part.of === part.number - 1)
  describe(`conformance: ${harness.name}`, () => {
    it('every clause has a case', async () => {
      const uncovered = uncoveredClauses(allCases)
      if (uncovered.length > 0) throw new Error(`clauses without a case: ${uncovered.join(', ')}`)
    })
    for (const clause of new Set(cases.map((each) => each.clause))) {
      describe(clause, () => {
        for (const each of cases.filter((other) => other.clause === clause)) {
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
