/** From outcomes to answers: what a group did, or the error of its refusal. */

import type { CollectionDefinition } from './definition.ts'
import { StoreError } from './errors.ts'
import type { Abortable, Executor } from './executor.ts'
import type { Applied, Group, Outcome, ReferenceCheck } from './operation.ts'
import { violation } from './references.ts'

/** A group that was refused. */
export type Refused = Extract<Outcome, { ok: false }>

/** Writes a group, and throws when it is refused. */
export async function writeGroup(
  executor: Executor,
  definition: CollectionDefinition,
  group: Group,
  options: Abortable,
): Promise<readonly Applied[]> {
  const outcome = await executor.write(definition, group, options)
  if (outcome.ok) return outcome.applied
  throw refusalError(definition, group, outcome)
}

/** The error of a refused group; in a bulk call it names the position. */
export function refusalError(
  definition: CollectionDefinition,
  group: Group,
  { code, index, check }: Refused,
): StoreError {
  const failedCheck = check ? group.checks[index] : undefined
  if (failedCheck !== undefined) return violation(failedCheck, referring(definition, group, failedCheck))
  const { name } = definition
  const key = group.operations[index]?.id
  const which = key === undefined ? '' : ` (key ${quoted(key)})`
  return new StoreError(code, `${name}: ${REFUSALS[code]}${which}`, {
    collection: name,
    index: group.operations.length > 1 ? index : undefined,
    keys: key === undefined ? undefined : [key],
  })
}

/** A key in a message: cut, and on one line. */
export function quoted(key: string): string {
  return JSON.stringify(key.length > 64 ? `${key.slice(0, 63)}…` : key)
}

const REFUSALS = {
  NOT_FOUND: 'there is no such record',
  ALREADY_EXISTS: 'there already is a record with this key',
  VERSION_CONFLICT: 'the record does not have the version that ifVersion asks for',
  REFERENCE_VIOLATION: 'a reference does not hold',
} as const

/** The position of the put in a bulk call that brought a failed check along. */
function referring(
  { references }: CollectionDefinition,
  { operations }: Group,
  check: ReferenceCheck,
): number | undefined {
  if (operations.length === 1 || check.type !== 'live') return undefined
  const index = operations.findIndex(
    (operation) =>
      operation.type === 'put' &&
      references.some(
        ({ collection, field }) => collection === check.layout.name && operation.fields[field] === check.id,
      ),
  )
  return index === -1 ? undefined : index
}
