/** The conformance suite, in parts that run at once: a place costs mostly waiting for the server. */

import { withCache } from '@coffer/cache'
import { describeConformance } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { postgres } from '../src/index.ts'
import { fileDatabase, placeIn } from './places.ts'

const PARTS = 3

/** Declares one part of the suite. */
export function describePart(number: number): void {
  const { capabilities } = postgres()
  const database = fileDatabase()
  const create = async () => ({ ...placeIn(await database()), withCache })
  describeConformance(
    { name: 'postgresql', capabilities, create },
    { describe, it },
    { part: { number, of: PARTS } },
  )
}
