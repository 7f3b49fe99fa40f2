/** Ids, as every collection takes them for keys. */

import { StoreError } from '@coffer/core'
import * as z from 'zod'

const MAX_ID_BYTES = 1_024
const EXPECTED = `text of 1 to ${MAX_ID_BYTES} bytes, without NUL or lone surrogates`

function isId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0) return false
  return value.isWellFormed() && !value.includes('\0') && Buffer.byteLength(value, 'utf8') <= MAX_ID_BYTES
}

/** A member that is an id: text of 1 to 1,024 bytes, without NUL or lone surrogates. It is never changed. */
export const idText: z.ZodString = z.string().refine(isId, `expected ${EXPECTED}`)

/**
 * Checks an id that is an argument and gives it back.
 *
 * @param collection whose record it names
 * @throws `INVALID_ARGUMENT`, which names the argument
 */
export function checkedId(value: unknown, argument: string, collection: string): string {
  if (isId(value)) return value
  throw new StoreError('INVALID_ARGUMENT', `${collection}: '${argument}' must be ${EXPECTED}`, { collection })
}
