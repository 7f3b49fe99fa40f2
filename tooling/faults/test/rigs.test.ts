/** Every rig, in its short form. */

import { describe, expect, test } from 'vitest'
import { rigs } from '../src/rigs.ts'

/** Fixed, so that a failure can be seen again. */
const SEED = 20_260
const TIMEOUT_MS = 120_000

describe.each(rigs.map((rig) => ({ name: rig.name, rig })))('$name', ({ rig }) => {
  test(`${rig.description}; and its control arm is caught`, { timeout: TIMEOUT_MS }, async (context) => {
    const reason = await rig.unavailable()
    if (reason !== undefined) context.skip(reason)
    const result = await rig.run({ effort: 'short', seed: SEED, onProgress: () => undefined })
    expect(result.violations).toEqual([])
    expect(result.control.violations).toBeGreaterThan(0)
    // A rig that did nothing has proved nothing.
    for (const [what, count] of Object.entries(result.counts)) expect(count, what).toBeGreaterThan(0)
  })
})
