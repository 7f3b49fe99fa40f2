/** Checks that stored records are what was stored. */

import { findDamage } from './codec.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Executor } from './executor.ts'
import { ID_FIELD } from './layout.ts'
import type { Predicate, Query } from './predicate.ts'

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
  let after: Query['after']
  do {
    const page = await executor.query(definition, {
      tenant,
      where,
      order: [{ field: ID_FIELD, direction: 'asc' }],
      after,
      offset: 0,
      limit: PAGE_ROWS,
      visibility: 'kept',
      withFields: true,
    })
    for (const row of page.rows) {
      checked++
      const problem = findDamage(definition, row)
      if (problem === undefined) continue
      damaged++
      if (problems.length < MAX_PROBLEMS) problems.push({ key: row.id, problem })
    }
    after = page.next
  } while (after !== undefined)
  return { ok: damaged === 0, checked, damaged, problems }
}
