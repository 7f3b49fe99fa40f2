/** Checks that stored records are what was stored. */

import { findDamage } from './codec.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Executor } from './executor.ts'
import { ID_FIELD } from './layout.ts'
import type { Predicate } from './predicate.ts'
import { walkPages } from './walk.ts'

/** What a check of stored records found. */
export interface VerifyReport {
  readonly ok: boolean
  /** Records that were looked at. */
  readonly checked: number
  /** How many of them are damaged. */
  readonly damaged: number
  /** The first of the damaged ones, at most 100, with what is wrong. */
  readonly problems: readonly { readonly key: string; readonly problem: string }[]
}

const MAX_PROBLEMS = 100
const PAGE_ROWS = 500

/** Looks at one record, or at all records of a tenant that are not past their deadline. */
export async function verifyRecords(
  executor: Executor,
  definition: CollectionDefinition,
  tenant: string,
  id: string | undefined,
): Promise<VerifyReport> {
  const where: Predicate | undefined =
    id === undefined ? undefined : { type: 'compare', field: ID_FIELD, comparison: 'eq', value: id }
  const problems: { key: string; problem: string }[] = []
  let checked = 0
  let damaged = 0
  const walk = { tenant, where, limit: PAGE_ROWS, visibility: 'kept', withFields: true } as const
  for await (const rows of walkPages((query) => executor.query(definition, query), walk)) {
    for (const row of rows) {
      checked++
      const problem = findDamage(definition, row)
      if (problem === undefined) continue
      damaged++
      if (problems.length < MAX_PROBLEMS) problems.push({ key: row.id, problem })
    }
  }
  return { ok: damaged === 0, checked, damaged, problems }
}
