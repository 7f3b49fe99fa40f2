/** One group inside a transaction that is open: applied with its checks, or refused and undone. */

import type { Applied, Group, Operation, Outcome, ReferenceCheck, RefusalCode } from '@coffer/core/backend'
import { checkQuestion } from './checks.ts'
import type { Floor } from './floors.ts'
import { type Place, runWithin } from './place.ts'
import type { Session } from './session.ts'
import { type Item, type Result, stepsOf } from './steps.ts'

/** A transaction that is open, at an instant of core's clock. */
export interface OpenTransaction {
  readonly place: Place
  readonly session: Session
  readonly at: number
}

/** True when what is in place can refuse the operation. */
export function isConditional(operation: Operation): boolean {
  return operation.type === 'restore' || operation.condition.type !== 'none'
}

/** True when nothing of the group can be refused, whatever is in place. */
export function isUnconditional({ operations, checks }: Group): boolean {
  return checks.length === 0 && !operations.some(isConditional)
}

/** True when a single statement can hold the operation. A removal of what must not be there is none. */
export function isPlain(operation: Operation): boolean {
  if (operation.type !== 'delete') return true
  const { condition } = operation
  return condition.type !== 'absent' && !(condition.type === 'version' && condition.version === 0)
}

const SAVEPOINT = 'coffer_group'

/** Applies a group; when it is refused, nothing of it stays. */
export async function applyGroup(transaction: OpenTransaction, group: Group): Promise<Outcome> {
  const { operations, checks } = group
  if (isUnconditional(group) || (operations.length === 1 && checks.length === 0)) {
    return applyOperations(transaction, operations)
  }
  const { session } = transaction
  await session.run([{ text: `SAVEPOINT ${SAVEPOINT}` }])
  let outcome = await applyOperations(transaction, operations)
  if (!outcome.ok && repeatsKey(operations)) {
    // Operations on one key go in waves, so what was refused first may not be what comes first.
    await session.run([{ text: `ROLLBACK TO ${SAVEPOINT}` }])
    outcome = await applyOneByOne(transaction, operations)
  }
  const broken = outcome.ok ? await firstBroken(transaction, checks) : undefined
  if (broken !== undefined) outcome = { ok: false, code: 'REFERENCE_VIOLATION', index: broken, check: true }
  const undo = outcome.ok ? [] : [{ text: `ROLLBACK TO ${SAVEPOINT}` }]
  await session.run([...undo, { text: `RELEASE ${SAVEPOINT}` }])
  return outcome
}

function repeatsKey(operations: readonly Operation[]): boolean {
  const keys = new Set(operations.map(({ layout, tenant, id }) => `${layout.name}\0${tenant}\0${id}`))
  return keys.size < operations.length
}

async function applyOperations(
  transaction: OpenTransaction,
  operations: readonly Operation[],
): Promise<Outcome> {
  if (!operations.every(isPlain)) return applyOneByOne(transaction, operations)
  const items = operations.map((operation, index) => ({ group: 0, index, operation, isStrict: false }))
  const results = await applyItems(transaction, items)
  const refused = results.findIndex((result) => 'refused' in result)
  const refusal = results[refused]
  if (refusal !== undefined && 'refused' in refusal) return refusalAt(refused, refusal.refused)
  return { ok: true, applied: results.map(appliedOf) }
}

/** Applies operations that may be refused one by one without harm to the others. Answers in their order. */
export async function applyItems(
  { place, session, at }: OpenTransaction,
  items: readonly Item[],
): Promise<readonly Result[]> {
  const steps = stepsOf({ statementsOf: place.statementsOf, byTenant: place.confinement.isOn }, items, at)
  const missing = place.floors.missing(items.map((item) => item.operation))
  const commands = [...floorCommands(place, missing), ...steps]
  const answers = await runWithin(place, session, commands)
  const results = new Map<Item, Result>()
  for (const [position, step] of steps.entries()) {
    const rows = answers[commands.length - steps.length + position]?.rows ?? []
    for (const [index, result] of step.results(rows).entries()) results.set(step.items[index] as Item, result)
  }
  return items.map((item) => results.get(item) as Result)
}

/** Makes floors; with row-level security each for its tenant. */
export function floorCommands({ floors, confinement }: Place, missing: readonly Floor[]) {
  if (missing.length === 0) return []
  if (!confinement.isOn) return [{ command: floors.command(missing), tenant: undefined }]
  return missing.map((floor) => ({ command: floors.command([floor]), tenant: floor.tenant }))
}

async function applyOneByOne(
  transaction: OpenTransaction,
  operations: readonly Operation[],
): Promise<Outcome> {
  const applied: Applied[] = []
  for (const [index, operation] of operations.entries()) {
    const result = await applyOne(transaction, operation, index)
    if ('refused' in result) return refusalAt(index, result.refused)
    applied.push(result.applied)
  }
  return { ok: true, applied }
}

async function applyOne(transaction: OpenTransaction, operation: Operation, index: number): Promise<Result> {
  if (operation.type === 'delete' && !isPlain(operation)) {
    if (await isLive(transaction, operation)) return { refused: refusalOfLive(operation.condition.type) }
    return applyOne(transaction, { ...operation, condition: { type: 'none' } }, index)
  }
  const [result] = await applyItems(transaction, [{ group: 0, index, operation, isStrict: false }])
  return result as Result
}

function refusalOfLive(condition: string): RefusalCode {
  return condition === 'absent' ? 'ALREADY_EXISTS' : 'VERSION_CONFLICT'
}

async function isLive(transaction: OpenTransaction, operation: Operation): Promise<boolean> {
  const { layout, tenant, id } = operation
  return (await firstBroken(transaction, [{ type: 'live', layout, tenant, id }])) === undefined
}

/** The position of the first check that does not hold. */
async function firstBroken(
  { place, session, at }: OpenTransaction,
  checks: readonly ReferenceCheck[],
): Promise<number | undefined> {
  const questions = checks.map((check) => checkQuestion(place.statementsOf, check, at))
  const answers = await runWithin(place, session, questions)
  const broken = questions.findIndex(
    ({ rowMeansHolds }, index) => (answers[index]?.rows.length ?? 0) > 0 !== rowMeansHolds,
  )
  return broken < 0 ? undefined : broken
}

function appliedOf(result: Result): Applied {
  return 'applied' in result ? result.applied : { version: 0, existed: false }
}

function refusalAt(index: number, code: RefusalCode): Outcome {
  return { ok: false, code, index, check: false }
}
