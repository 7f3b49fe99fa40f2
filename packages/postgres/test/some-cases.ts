/** A part of the suite, for ways to connect that need not be proven by all of it each time. */

import { allCases, DEFAULT_SEED, type Harness, runCase } from '@coffer/conformance'
import { describe, it } from 'vitest'

/** Declares the cases that are wanted, by their id, as tests. */
export function describeSome(harness: Harness, isWanted: (id: string) => boolean): void {
  describe(`conformance: ${harness.name}`, () => {
    for (const each of allCases.filter(({ id }) => isWanted(id))) {
      it(`${each.id}: ${each.title}`, async (context) => {
        const { status, error, reason } = await runCase(harness, each, { seed: DEFAULT_SEED })
        if (status === 'failed') throw error
        if (status !== 'passed') context.skip(reason ?? 'about backends that lack what this one offers')
      })
    }
  })
}

/** The cases as they were written, without those that are run again in a tenant or in transactions. */
export function isNoVariant(id: string): boolean {
  return !id.includes('@')
}
