/** Plays rigs in their short form. Each family has a file of its own, so that the workers of a test run share them. */

import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { rigs } from '../src/rigs.ts'

/** Fixed, so that a failure can be seen again. */
const SEED = 20_260
/** For a machine that has much else to do: most rigs take some seconds. */
const TIMEOUT_MS = 300_000
export const ENDING = '.test.ts'

/** What a rig's name says before its backend: `log-writers`. */
export function familyOf(name: string): string {
  return name.split('.')[0] as string
}

/** Makes a test of each rig of the family that a test file is called after. */
export function testFamily(fileUrl: string): void {
  const family = basename(fileURLToPath(fileUrl), ENDING)
  const members = rigs.filter(({ name }) => familyOf(name) === family)
  describe.each(members.map((rig) => ({ name: rig.name, rig })))('$name', ({ rig }) => {
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
}
