/** Arguments as their schemas have them, refused before any I/O. */

import { StoreError } from '@coffer/core'
import * as z from 'zod'
import { PAGING_NAMES, type Paging } from '../listing.ts'
import { checkOptionNames } from '../option-names.ts'

/** A name of somebody or something. */
export const nameText: z.ZodString = z.string().min(1)

/** A member that is there, of any JSON. */
export const anyJson: z.ZodUnknown = z
  .unknown()
  .refine((value) => value !== undefined, 'expected any JSON, null too')

/**
 * What a schema makes of an argument that is no record: a text, or options.
 *
 * @param where the method, for the message, which names members and never shows a value
 * @throws `INVALID_ARGUMENT`
 */
export function checked<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.slice(0, 3).map(({ path, message }) => {
    return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`
  })
  throw new StoreError('INVALID_ARGUMENT', `${where}: ${problems.join('; ')}`)
}

/** The options of a list that takes paging alone, so that no member of theirs asks for something else. */
export function checkedPaging(options: Paging, where: string): Paging {
  checkOptionNames(options, PAGING_NAMES, where)
  return options
}
