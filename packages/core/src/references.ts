/** References between collections: which checks a write brings along, and what goes with a deleted record. */

import type { BackendTransaction } from './backend.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Definitions, InboundReference } from './definitions.ts'
import { StoreError } from './errors.ts'
import type { Executor } from './executor.ts'
import type { Layout } from './layout.ts'
import type { DeleteOperation, ReferenceCheck } from './operation.ts'
import type { Predicate } from './predicate.ts'
import { type FieldValue, isLive } from './row.ts'
import { walkPages } from './walk.ts'

/** The most records that one deletion may take along. */
const MAX_CASCADE = 100_000
const PAGE_ROWS = 1_000

/** The records that must be live for a record with these fields to be stored. */
export function outboundChecks(
  definition: CollectionDefinition,
  definitions: Definitions,
  fields: readonly FieldValue[],
  tenant: string,
): ReferenceCheck[] {
  return definition.references.flatMap((reference): ReferenceCheck[] => {
    const id = fields[reference.field]
    if (typeof id !== 'string') return []
    return [{ type: 'live', layout: definitions.target(reference, definition.name).layout, tenant, id }]
  })
}

/** A deletion with all that goes along, children first, and the checks that nothing was left behind. */
export interface Deletion {
  readonly operations: readonly DeleteOperation[]
  readonly checks: readonly ReferenceCheck[]
}

/** Completes a deletion with the records that refer to the one that goes. */
export async function expandDeletion(
  executor: Executor,
  definitions: Definitions,
  definition: CollectionDefinition,
  operation: DeleteOperation,
): Promise<Deletion> {
  const operations: DeleteOperation[] = []
  const checks: ReferenceCheck[] = []
  const seen = new Set<string>()
  const visit = async (from: CollectionDefinition, deletion: DeleteOperation): Promise<void> => {
    const identity = `${from.name}:${deletion.id}`
    if (seen.has(identity)) return
    seen.add(identity)
    if (seen.size > MAX_CASCADE) {
      throw new StoreError(
        'LIMIT_EXCEEDED',
        `${definition.name}: the deletion would take along over ${MAX_CASCADE} records`,
      )
    }
    for (const inbound of definitions.inbound(from.name)) {
      checks.push(unreferenced(inbound, deletion))
      if (inbound.reference.onDelete !== 'cascade') continue
      for await (const id of referringIds(executor, inbound, deletion)) {
        await visit(inbound.definition, cascaded(inbound.definition, deletion, id))
      }
    }
    operations.push(deletion)
  }
  await visit(definition, operation)
  return { operations, checks }
}

function unreferenced(
  { definition, reference }: InboundReference,
  deletion: DeleteOperation,
): ReferenceCheck {
  const { tenant, id } = deletion
  return {
    type: 'unreferenced',
    layout: definition.layout,
    target: deletion.layout,
    tenant,
    field: reference.field,
    value: id,
  }
}

function cascaded(child: CollectionDefinition, deletion: DeleteOperation, id: string): DeleteOperation {
  const soft = child.softDelete && deletion.mode !== 'erase'
  const mode = soft ? 'soft' : deletion.mode === 'erase' ? 'erase' : 'hard'
  return {
    type: 'delete',
    layout: child.layout,
    tenant: deletion.tenant,
    id,
    condition: { type: 'none' },
    mode,
  }
}

async function* referringIds(
  executor: Executor,
  { definition, reference }: InboundReference,
  deletion: DeleteOperation,
): AsyncGenerator<string> {
  const walk = {
    tenant: deletion.tenant,
    where: equals(reference.field, deletion.id),
    limit: PAGE_ROWS,
    visibility: deletion.mode === 'erase' ? 'any' : 'live',
    withFields: false,
  } as const
  for await (const rows of walkPages((query) => executor.query(definition, query), walk)) {
    for (const row of rows) yield row.id
  }
}

function equals(field: number, value: string): Predicate {
  return { type: 'compare', field, comparison: 'eq', value }
}

/**
 * The position of the first check that does not hold inside a transaction, if any. Thousands of records that
 * refer to one are one question.
 */
export async function firstViolation(
  checks: readonly ReferenceCheck[],
  transaction: BackendTransaction,
  at: number,
): Promise<number | undefined> {
  const held = new Set<string>()
  for (const [index, check] of checks.entries()) {
    const asked = identityOf(check)
    if (held.has(asked)) continue
    if (!(await holds(check, transaction, at))) return index
    held.add(asked)
  }
  return undefined
}

function identityOf(check: ReferenceCheck): string {
  const { type, layout, tenant } = check
  const rest = type === 'live' ? [check.id] : [check.target.name, check.field, check.value]
  return JSON.stringify([type, layout.name, tenant, ...rest])
}

async function holds(check: ReferenceCheck, transaction: BackendTransaction, at: number): Promise<boolean> {
  const { layout, tenant } = check
  if (check.type === 'live') return exists(layout, tenant, check.id, transaction, at)
  const referring = { tenant, where: equals(check.field, check.value), visibility: 'live' } as const
  if ((await transaction.count(layout, referring, at)) === 0) return true
  // The transaction may have put a record back where it had removed one.
  return exists(check.target, tenant, check.value, transaction, at)
}

async function exists(
  layout: Layout,
  tenant: string,
  id: string,
  transaction: BackendTransaction,
  at: number,
): Promise<boolean> {
  const [row] = await transaction.read(layout, [{ tenant, id }])
  return row !== undefined && isLive(row, at)
}

/** The error of a check that does not hold. */
export function violation(check: ReferenceCheck, index?: number): StoreError {
  const collection = check.layout.name
  const message =
    check.type === 'live'
      ? `a record refers to '${collection}', where there is no such record`
      : `records of '${collection}' still refer to it`
  const keys = [check.type === 'live' ? check.id : check.value]
  return new StoreError('REFERENCE_VIOLATION', message, { collection, keys, index })
}
