/** Refuses options that are not known, which would silently mean nothing. */

import { StoreError } from '@coffer/core'

/** @throws `INVALID_ARGUMENT` for options that are no object, or an option whose name is not among those known */
export function checkOptionNames(options: unknown, known: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new StoreError('INVALID_ARGUMENT', `${where}: options are an object of ${known.join(', ')}`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new StoreError(
    'INVALID_ARGUMENT',
    `${where}: unknown option '${unknown.slice(0, 60)}'; known are ${known.join(', ')}`,
  )
}
