/** Names under which statements stay prepared. */

import { createHash } from 'node:crypto'

/** How many statements stay prepared on a connection; more are planned anew each time. */
const MAX_NAMES = 1_000

/**
 * Answers the name of a statement by its text, the same in every store and process, so that several stores
 * may share a pool. Beyond a number of texts it answers `undefined`, so that no server keeps plans without bound.
 */
export function statementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>()
  return (text) => {
    const known = names.get(text)
    if (known !== undefined || names.size >= MAX_NAMES) return known
    const name = `coffer_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
    names.set(text, name)
    return name
  }
}
