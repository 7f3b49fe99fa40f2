/** What must be stored after so many steps of each caller. */

import { CALLER_COUNT, type Step, stepOf } from './kill-steps.ts'

/** A record that must be there. */
export interface ExpectedThing {
  readonly value: number
  /** False where it has expired, or will in a moment, so that it may be gone as well. */
  readonly lasts: boolean
}

/** What a step makes of a record: `undefined` where it is gone. */
export type ThingChange = readonly [id: string, thing: ExpectedThing | undefined]

/** The things that a step of this number writes. */
export function thingChanges(step: Step, number: number): readonly ThingChange[] {
  const written = { value: number, lasts: true }
  switch (step.type) {
    case 'put':
    case 'insert':
      return [[step.id, written]]
    case 'delete':
      return [[step.id, undefined]]
    case 'putMany':
      return step.ids.map((id) => [id, written])
    case 'lease':
      return [[step.id, { value: number, lasts: step.lasts }]]
    case 'transfer':
      return [[step.receipt, written]]
    case 'append':
      return []
  }
}

/** How an entry of the journal is told from all others. */
export function entryName(caller: number, number: number, part: number): string {
  return `${caller}/${number}/${part}`
}

/** What is known of one place. It outlives the processes that work there. */
export class KillModel {
  readonly seed: number
  readonly things = new Map<string, ExpectedThing>()
  readonly balances = new Map<string, number>()
  /** By stream and caller: the caller's entries in their order. */
  readonly entries = new Map<string, string[]>()
  /** How many steps each caller has done. */
  readonly #done: number[] = Array.from({ length: CALLER_COUNT }, () => 0)

  constructor(seed: number) {
    this.seed = seed
  }

  get done(): readonly number[] {
    return this.#done
  }

  /** The step that a caller takes next, and its number. */
  next(caller: number): { readonly step: Step; readonly number: number } {
    const number = (this.#done[caller] ?? 0) + 1
    return { step: stepOf(this.seed, caller, number), number }
  }

  /** Takes the caller's next step, which has this number, as done. */
  advance(caller: number, number: number): void {
    const { step, number: next } = this.next(caller)
    if (number !== next) throw new Error(`caller ${caller} did step ${number}, but ${next} is its next`)
    this.#done[caller] = number
    for (const [id, thing] of thingChanges(step, number)) {
      if (thing === undefined) this.things.delete(id)
      else this.things.set(id, thing)
    }
    if (step.type === 'transfer') {
      this.#move(step.from, -step.amount)
      this.#move(step.to, step.amount)
    }
    if (step.type === 'append') {
      const name = entriesKey(step.stream, caller)
      const entries = this.entries.get(name) ?? []
      for (let part = 1; part <= step.entries; part++) entries.push(entryName(caller, number, part))
      this.entries.set(name, entries)
    }
  }

  #move(account: string, amount: number): void {
    this.balances.set(account, (this.balances.get(account) ?? 0) + amount)
  }
}

/** The key of a caller's entries in a stream. */
export function entriesKey(stream: string, caller: number): string {
  return `${stream}, caller ${caller}`
}
