/**
 * A batch of groups as one transaction.
 *
 * First in one round trip, as if everything would be accepted: the statements of groups that stand or fall
 * as a whole are made to fail when anything of them is refused. When that happens nothing was committed, and
 * the batch is done again with care, one such group after the other, each with an undo of its own.
 */

import type { ChangedKey, Group, Operation, Outcome } from '@coffer/core/backend'
import {
  applyGroup,
  applyItems,
  floorCommands,
  isConditional,
  isPlain,
  isUnconditional,
} from './apply-group.ts'
import { checkGuard, checkQuestion } from './checks.ts'
import type { TenantCommand } from './confine.ts'
import { sqlState } from './error-code.ts'
import { changedBy } from './notifications.ts'
import type { Place } from './place.ts'
import { runWithin } from './place.ts'
import type { Session } from './session.ts'
import { UNMET } from './set-statement.ts'
import { type Item, type Result, type Step, stepsOf } from './steps.ts'
import { beginWriting, commit, runWhole, undo } from './transaction-ends.ts'

/** Applies groups in one transaction on the session. @throws `CONFLICT` when it has to be done again */
export async function writeBatch(
  place: Place,
  session: Session,
  groups: readonly Group[],
  at: number,
): Promise<readonly Outcome[]> {
  if (groups.every(({ operations }) => operations.every(isPlain))) {
    try {
      return await writeAtOnce(place, session, groups, at)
    } catch (error) {
      if (sqlState((error as { cause?: unknown }).cause) !== UNMET) throw error
    }
  }
  try {
    return await writeWithCare(place, session, groups, at)
  } catch (error) {
    await undo(session)
    throw error
  }
}

/** True when a refusal within the group is all that the group was about. */
function standsAlone({ operations, checks }: Group): boolean {
  return operations.length === 1 && checks.length === 0
}

function itemsOf(groups: readonly Group[], first: number): readonly Item[] {
  return groups.flatMap((group, offset) => {
    const alone = standsAlone(group)
    return group.operations.map((operation, index) => ({
      group: first + offset,
      index,
      operation,
      isStrict: !alone && isConditional(operation),
    }))
  })
}

function operationsOf(groups: readonly Group[]): readonly Operation[] {
  const [only] = groups
  return groups.length === 1 && only !== undefined
    ? only.operations
    : groups.flatMap((group) => group.operations)
}

async function writeAtOnce(
  place: Place,
  session: Session,
  groups: readonly Group[],
  at: number,
): Promise<readonly Outcome[]> {
  const { connections, statementsOf, floors, confinement, notifications } = place
  const maker = { statementsOf, byTenant: confinement.isOn, notifications }
  const missing = floors.missing(operationsOf(groups))
  const commands: TenantCommand[] = [...floorCommands(place, missing)]
  const placed: { readonly step: Step; readonly position: number }[] = []
  for (const { first, part } of partsOf(groups)) {
    for (const step of stepsOf(maker, itemsOf(part, first), at)) {
      placed.push({ step, position: commands.length })
      commands.push(step)
    }
    for (const check of part.flatMap((group) => group.checks)) {
      const question = checkQuestion(statementsOf, check, at)
      commands.push({ command: checkGuard(question), tenant: question.tenant })
    }
  }
  for (const command of notifications.commands(() => changedByOthers(placed.map(({ step }) => step)))) {
    commands.push({ command, tenant: undefined })
  }
  const isAlone = commands.length === 1 && connections.isSerializable && !confinement.isOn
  const options = { commits: true }
  const answers = isAlone
    ? await runWithin(place, session, commands, options)
    : await runWhole(place, session, beginWriting(place), commands, options)
  const results: Result[][] = groups.map(() => [])
  for (const { step, position } of placed) {
    const rows = answers[position]?.rows ?? []
    for (const [index, result] of step.results(rows).entries()) {
      const item = step.items[index] as Item
      const ofGroup = results[item.group] as Result[]
      ofGroup[item.index] = result
    }
  }
  floors.add(missing)
  return groups.map((group, position) => outcomeOf(group, results[position] as Result[]))
}

/** Parts whose operations may be taken together: a group with checks is one of its own, for they see what was before. */
function partsOf(
  groups: readonly Group[],
): readonly { readonly first: number; readonly part: readonly Group[] }[] {
  const parts: { readonly first: number; readonly part: Group[] }[] = []
  let open: Group[] | undefined
  for (const [position, group] of groups.entries()) {
    const isOwn = group.checks.length > 0
    if (open !== undefined && !isOwn) {
      open.push(group)
      continue
    }
    const part = [group]
    parts.push({ first: position, part })
    open = isOwn ? undefined : part
  }
  return parts
}

function outcomeOf({ operations }: Group, results: readonly Result[]): Outcome {
  const applied = []
  for (const index of operations.keys()) {
    const result = results[index]
    if (result === undefined) throw new Error('postgresql: an operation was left without an answer')
    if ('refused' in result) return { ok: false, code: result.refused, index, check: false }
    applied.push(result.applied)
  }
  return { ok: true, applied }
}

async function writeWithCare(
  place: Place,
  session: Session,
  groups: readonly Group[],
  at: number,
): Promise<readonly Outcome[]> {
  await session.run(beginWriting(place))
  const transaction = { place, session, at }
  const outcomes: Outcome[] = []
  let simple: Group[] = []
  const applySimple = async () => {
    const items = itemsOf(simple, 0)
    const results = await applyItems(transaction, items)
    let next = 0
    for (const group of simple) {
      const end = next + group.operations.length
      outcomes.push(outcomeOf(group, results.slice(next, end)))
      next = end
    }
    simple = []
  }
  for (const group of groups) {
    if (group.operations.every(isPlain) && (standsAlone(group) || isUnconditional(group))) {
      simple.push(group)
      continue
    }
    if (simple.length > 0) await applySimple()
    outcomes.push(await applyGroup(transaction, group))
  }
  if (simple.length > 0) await applySimple()
  await commit(
    session,
    place.notifications.commands(() => changedByAccepted(groups, outcomes)),
  )
  place.floors.add(place.floors.missing(operationsOf(groups)))
  return outcomes
}

/** What is changed by statements that do not tell it themselves. */
function changedByOthers(steps: readonly Step[]): readonly ChangedKey[] {
  return steps.flatMap(({ isTold, items }) => (isTold ? [] : changedBy(items.map((item) => item.operation))))
}

function changedByAccepted(groups: readonly Group[], outcomes: readonly Outcome[]): readonly ChangedKey[] {
  return groups.flatMap(({ operations }, position) =>
    outcomes[position]?.ok === true ? changedBy(operations) : [],
  )
}
