/** Keys of records that are told apart by several texts. */

import { sha256 } from '@coffer/core'

/** The longest key that a collection takes, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1_024

/**
 * One key for several texts, another one for any others: the texts as a JSON array, which shows where each
 * ends whatever it contains, or where that is longer than a key may be, its SHA-256. The two never meet:
 * an array begins with a bracket.
 */
export function compositeKey(...parts: readonly string[]): string {
  const text = JSON.stringify(parts)
  if (Buffer.byteLength(text, 'utf8') <= MAX_KEY_BYTES) return text
  return `sha256:${sha256(text)}`
}
