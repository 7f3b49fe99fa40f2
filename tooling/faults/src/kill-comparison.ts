/** Compares what is stored with what was acknowledged. */

import { entriesKey, entryName, type KillModel, type ThingChange, thingChanges } from './kill-model.ts'
import type { Observation } from './kill-observation.ts'
import { textOf } from './kill-records.ts'
import { CALLER_COUNT, ownerOf, type Step } from './kill-steps.ts'

/** What became of a call that was not acknowledged. */
type Fate = 'done' | 'not done' | 'neither'

/**
 * Settles the one call of each caller that may have been in flight, and then compares everything. The model
 * then knows what was settled.
 *
 * @returns what was not as promised
 * @param refused callers whose last call was surely refused, so that nothing of it may be stored, with the code
 */
export function compare(
  model: KillModel,
  observation: Observation,
  refused: ReadonlyMap<number, string> = new Map(),
): readonly string[] {
  const violations: string[] = []
  const unsettled = new Set<string>()
  for (let caller = 0; caller < CALLER_COUNT; caller++) {
    const { step, number } = model.next(caller)
    const fate = fateOf(model, observation, caller)
    if (fate === 'not done') continue
    if (fate === 'done' && !refused.has(caller)) {
      model.advance(caller, number)
      continue
    }
    const changes = thingChanges(step, number)
    for (const [id] of changes) unsettled.add(id)
    const what = `${nameOf(step)}, step ${number} of caller ${caller}`
    if (fate === 'done') violations.push(`${what}: was refused with ${refused.get(caller)}, and is there`)
    else
      violations.push(
        `${what}: is neither done nor not done: ${changes.map(halfShown(model, observation)).join(', ')}`,
      )
  }
  return [
    ...violations,
    ...comparedThings(model, observation, unsettled),
    ...comparedBalances(model, observation),
    ...comparedEntries(model, observation),
    ...observation.problems,
  ]
}

function nameOf(step: Step): string {
  return step.type === 'transfer' ? `transfer from ${step.from} to ${step.to}` : step.type
}

/** Changes of things settle all steps but appends; the rest of a transfer is compared with the balances. */
function fateOf(model: KillModel, observation: Observation, caller: number): Fate {
  const { step, number } = model.next(caller)
  if (step.type === 'append') {
    const stored = new Set(observation.entries.get(entriesKey(step.stream, caller)))
    const parts = Array.from({ length: step.entries }, (_, index) => entryName(caller, number, index + 1))
    return fate(
      parts.map((part) => stored.has(part)),
      parts.map((part) => !stored.has(part)),
    )
  }
  const changes = thingChanges(step, number)
  return fate(
    changes.map(([id, thing]) => isStored(observation, id, thing)),
    changes.map(([id]) => isStored(observation, id, model.things.get(id))),
  )
}

function fate(after: readonly boolean[], before: readonly boolean[]): Fate {
  // Where it looks the same, one record that has expired in place of another, nothing hangs on it.
  if (before.every(Boolean)) return 'not done'
  return after.every(Boolean) ? 'done' : 'neither'
}

function isStored({ things }: Observation, id: string, thing: ThingChange[1]): boolean {
  const found = things.get(id)
  if (found === undefined) return thing === undefined || !thing.lasts
  return thing !== undefined && found.value === thing.value && found.text === textOf(id, thing.value)
}

function halfShown(model: KillModel, observation: Observation): (change: ThingChange) => string {
  return ([id, after]) =>
    `${id} has ${shown(observation.things.get(id))}, before ${shown(model.things.get(id))}, after ${shown(after)}`
}

function shown(thing: { readonly value: number } | undefined): string {
  return thing === undefined ? 'nothing' : `value ${thing.value}`
}

function* comparedThings(
  model: KillModel,
  observation: Observation,
  unsettled: ReadonlySet<string>,
): Generator<string> {
  const { things } = observation
  for (const [id, thing] of model.things) {
    if (unsettled.has(id) || isStored(observation, id, thing)) continue
    const found = things.get(id)
    const torn = found?.value === thing.value ? ' with a text that is not its own' : ''
    yield `${id} has ${shown(found)}${torn}, where ${shown(thing)} was acknowledged`
  }
  for (const [id, found] of things) {
    if (unsettled.has(id)) continue
    if (!model.things.has(id)) yield `${id} has ${shown(found)}, where its end was acknowledged`
    const caller = Number(id.split('-')[1])
    if (found.owner !== ownerOf(caller)) yield `${id} belongs to ${found.owner}`
  }
}

function* comparedBalances({ balances }: KillModel, observation: Observation): Generator<string> {
  for (const account of new Set([...balances.keys(), ...observation.balances.keys()])) {
    const found = observation.balances.get(account) ?? 0
    const expected = balances.get(account) ?? 0
    if (found !== expected)
      yield `${account} has ${found}, where the transfers that are there make ${expected}`
  }
}

function* comparedEntries({ entries }: KillModel, observation: Observation): Generator<string> {
  for (const key of new Set([...entries.keys(), ...observation.entries.keys()])) {
    const found = observation.entries.get(key) ?? []
    const expected = entries.get(key) ?? []
    const at = expected.findIndex((entry, index) => entry !== found[index])
    if (at >= 0)
      yield `${key}: entry ${at + 1} is ${found[at] ?? 'missing'}, where ${expected[at]} was acknowledged`
    else if (found.length > expected.length) yield `${key}: ${found[expected.length]} was never begun`
  }
}
