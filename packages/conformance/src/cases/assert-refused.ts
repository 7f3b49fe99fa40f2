/** What cases need to prove that an argument is refused. */

import assert from 'node:assert/strict'

/** Passes what the types forbid, as a caller in plain JavaScript can. */
export function unchecked(value: unknown): never {
  return value as never
}

/** Asserts that a call is refused as `INVALID_ARGUMENT`, with a message that fits where one is given. */
export async function assertRefused(call: () => unknown, message?: RegExp): Promise<void> {
  const expected = { code: 'INVALID_ARGUMENT' }
  await assert.rejects(async () => call(), message === undefined ? expected : { ...expected, message })
}
