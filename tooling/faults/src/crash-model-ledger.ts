/**
 * What a store has promised: which records and log entries are there for certain, and which writes are still
 * open, so that they may be there whole or not at all.
 */

import type { Form, Place } from './crash-model-records.ts'

/** A record as it is expected, whatever form it is read in. */
export type Content =
  | { readonly author: string; readonly text: string }
  | { readonly title: string }
  | { readonly balance: number }

/** What stands in a place. */
export interface Held {
  readonly content: Content
  /** Unknown where the write that made it was never acknowledged. */
  readonly version: number | undefined
  /** In milliseconds since 1970; from then on it is not there. */
  readonly expiresAt?: number
}

/** An entry of the journal. Every event is told once. */
export interface Told {
  readonly stream: string
  readonly event: string
}

/** What one atomic write does. */
export interface Effect {
  /** What stands in each place that it concerns, afterwards; `undefined` where nothing does. */
  readonly places: ReadonlyMap<Place, Omit<Held, 'version'> | undefined>
  readonly told: readonly Told[]
}

/** What an acknowledgement says beside that it is done. */
export interface Receipt {
  readonly versions: ReadonlyMap<Place, number>
  /** The places that the entries got, by event. */
  readonly sequences: ReadonlyMap<string, number>
}

export const NO_RECEIPT: Receipt = { versions: new Map(), sequences: new Map() }

/** One atomic write, from its call to its answer. Moments are counted in changes of the disk. */
export interface Write {
  readonly label: string
  readonly effect: Effect
  readonly begunAt: number
  /** Infinite while there is no answer. */
  answeredAt: number
  /** `unknown` also while there is no answer. */
  outcome: 'acknowledged' | 'refused' | 'unknown'
  receipt: Receipt
}

/** What is there for certain. */
export class Ledger {
  readonly held: Map<Place, Held>
  /** The events of each stream by their sequences. */
  readonly told: Map<string, Map<number, string>>
  /** The highest version that each place is known to have had. */
  readonly versions: Map<Place, number>

  constructor(from?: Ledger) {
    this.held = new Map(from?.held)
    this.told = new Map([...(from?.told ?? [])].map(([stream, events]) => [stream, new Map(events)]))
    this.versions = new Map(from?.versions)
  }

  /** What stands in a place at an instant. */
  at(place: Place, now: number): Held | undefined {
    const held = this.held.get(place)
    return held?.expiresAt !== undefined && now >= held.expiresAt ? undefined : held
  }

  /** Takes a write for done. */
  add({ effect, receipt }: Pick<Write, 'effect' | 'receipt'>): void {
    for (const [place, held] of effect.places) {
      const version = receipt.versions.get(place)
      if (version !== undefined) this.versions.set(place, Math.max(version, this.versions.get(place) ?? 0))
      if (held === undefined) this.held.delete(place)
      else this.held.set(place, { ...held, version })
    }
    for (const { stream, event } of effect.told) {
      const sequence = receipt.sequences.get(event)
      if (sequence === undefined) throw new Error(`the place of ${event} is not known`)
      const events = this.told.get(stream) ?? new Map<number, string>()
      events.set(sequence, event)
      this.told.set(stream, events)
    }
  }
}

/** What a store has to show after a crash at some moment. */
export interface Expectation {
  readonly certain: Ledger
  readonly open: readonly Write[]
  /** The time of the store's clock, in milliseconds since 1970. */
  readonly now: number
  readonly form: Form
}
