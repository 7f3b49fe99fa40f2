/** Checks that stored records are what was stored, and that what they refer to is there. */

import { findDamage } from './codec.ts'
import { DECIDING } from './consistency.ts'
import type { CollectionDefinition, ResolvedReference } from './definition.ts'
import type { Definitions } from './definitions.ts'
import { invalid } from './errors.ts'
import type { Executor } from './executor.ts'
import { ID_FIELD } from './layout.ts'
import type { Predicate } from './predicate.ts'
import { checkOptionNames } from './query.ts'
import { isLive, type StoredRow } from './row.ts'
import { walkBoundedPages } from './walk.ts'

/** What `verify` takes. */
export interface VerifyOptions {
  /** The one record to look at. Default: all. */
  readonly key?: string | undefined
  /** Whether every record that a live one refers to must be live. Default: false. */
  readonly references?: boolean | undefined
  /** Called after every page with the number of records seen. */
  readonly onProgress?: ((checked: number) => void) | undefined
}

/** What a check of stored records found. */
export interface VerifyReport {
  readonly ok: boolean
  /** Records that were looked at. */
  readonly checked: number
  /** How many of them are damaged, or refer to what is not there. */
  readonly damaged: number
  /** The first of the damaged ones, at most 100, with what is wrong. */
  readonly problems: readonly { readonly key: string; readonly problem: string }[]
}

const MAX_PROBLEMS = 100
const PAGE_ROWS = 500

/** Where records are looked at, and what for. */
export interface Verification {
  readonly executor: Executor
  readonly definitions: Definitions
  readonly definition: CollectionDefinition
  readonly tenant: string
  readonly now: () => number
}

/** Looks at one record, or at all records of a tenant that are not past their deadline. */
export async function verifyRecords(
  verification: Verification,
  { key, references = false, onProgress }: VerifyOptions,
): Promise<VerifyReport> {
  const { executor, definition, tenant } = verification
  // Before anything is read: a store may not know what it refers to.
  const targets = references ? targetsOf(verification) : []
  const where: Predicate | undefined =
    key === undefined ? undefined : { type: 'compare', field: ID_FIELD, comparison: 'eq', value: key }
  const problems: { key: string; problem: string }[] = []
  let checked = 0
  let damaged = 0
  const walk = { tenant, where, limit: PAGE_ROWS, visibility: 'kept', withFields: true } as const
  for await (const rows of walkBoundedPages((query) => executor.query(definition, query), walk)) {
    const dangling = await danglingOf(verification, targets, rows)
    for (const row of rows) {
      checked++
      const problem = findDamage(definition, row) ?? dangling.get(row.id)
      if (problem === undefined) continue
      damaged++
      if (problems.length < MAX_PROBLEMS) problems.push({ key: row.id, problem })
    }
    onProgress?.(checked)
  }
  return { ok: damaged === 0, checked, damaged, problems }
}

/** Refuses options that `verify` does not know. */
export function checkVerifyOptions(options: VerifyOptions, collection: string): void {
  checkOptionNames(options, ['key', 'references', 'onProgress'], `${collection}: verify`)
  const { references, onProgress } = options
  if (references !== undefined && typeof references !== 'boolean') {
    throw invalid(`${collection}: verify: references is true or false`)
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid(`${collection}: verify: onProgress takes a function`)
  }
}

/** A reference with the collection that it is to. */
interface Target {
  readonly reference: ResolvedReference
  readonly definition: CollectionDefinition
}

function targetsOf({ definitions, definition }: Verification): readonly Target[] {
  return definition.references.map((reference) => ({
    reference,
    definition: definitions.target(reference, definition.name),
  }))
}

/** What is wrong with references of these rows, by their ids. */
async function danglingOf(
  verification: Verification,
  targets: readonly Target[],
  rows: readonly StoredRow[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, { readonly version: number; readonly problem: string }>()
  const { executor, definition, tenant, now } = verification
  for (const { reference, definition: target } of targets) {
    const named = (row: StoredRow) => row.fields?.[reference.field]
    const referring = rows.filter((row) => typeof named(row) === 'string' && isLive(row, now()))
    const live = await liveIds(verification, target, new Set(referring.map(named) as string[]))
    const member = definition.fields[reference.field]?.name
    for (const row of referring) {
      if (live.has(named(row) as string)) continue
      found.set(row.id, {
        version: row.version,
        problem: `'${member}' refers to no live record of '${target.name}'`,
      })
    }
  }
  if (found.size === 0) return new Map()
  // Both may have gone in one commit since the page was read.
  const keys = [...found.keys()].map((id) => ({ tenant, id }))
  const problems = new Map<string, string>()
  for (const row of await executor.read(definition, keys, DECIDING)) {
    const known = row && isLive(row, now()) ? found.get(row.id) : undefined
    if (row !== undefined && known?.version === row.version) problems.set(row.id, known.problem)
  }
  return problems
}

async function liveIds(
  { executor, tenant, now }: Verification,
  target: CollectionDefinition,
  ids: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  if (ids.size === 0) return new Set()
  const keys = [...ids].map((id) => ({ tenant, id }))
  const rows = await executor.read(target, keys, DECIDING)
  return new Set(rows.flatMap((row) => (row && isLive(row, now()) ? [row.id] : [])))
}
