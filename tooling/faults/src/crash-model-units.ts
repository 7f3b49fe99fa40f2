/** The writes that the workload is made of, chosen by chance to fit what is there. */

import type { BaseStore } from '@coffer/core'
import {
  type Content,
  type Effect,
  type Held,
  type Ledger,
  NO_RECEIPT,
  type Receipt,
} from './crash-model-ledger.ts'
import { AUTHORS, type Form, type Handles, handlesOf, type Place, STREAMS } from './crash-model-records.ts'
import type { Random } from './random.ts'

/** One atomic write that is yet to be made. */
export interface Unit {
  readonly label: string
  readonly effect: Effect
  run(store: BaseStore, form: Form): Promise<Receipt>
}

const NOTES = 10
const PAPERS = 4
const ACCOUNTS = 4
const MOST_AT_ONCE = 4
const LONG_TEXT = 3_000
/** Of a record that is not to stay, in milliseconds. */
const LEASE_MS = 60_000

/** Chooses writes that are to be made at the same time. No two of them concern the same place. */
export function chooseUnits(random: Random, ledger: Ledger, now: number): readonly Unit[] {
  const choice = new Choice(random, ledger, now)
  const count = 1 + random.below(MOST_AT_ONCE)
  return Array.from({ length: count }, () => choice.next())
}

class Choice {
  readonly #random: Random
  readonly #ledger: Ledger
  readonly #now: number
  readonly #taken = new Set<Place>()

  constructor(random: Random, ledger: Ledger, now: number) {
    this.#random = random
    this.#ledger = ledger
    this.#now = now
  }

  next(): Unit {
    const kinds = [
      () => this.#putNote(),
      () => this.#putNote(),
      () => this.#leaseNote(),
      () => this.#putNotes(),
      () => this.#insertNote(),
      () => this.#updateNote(),
      () => this.#deleteNotes(),
      () => this.#putPaper(),
      () => this.#deletePaper(),
      () => this.#restorePaper(),
      () => this.#transfer(),
      () => this.#transfer(),
      () => this.#append(),
      () => cleanup(),
      () => purge(),
    ]
    // Not every kind fits what is there, but an entry can always be appended.
    return this.#random.pick(kinds)() ?? this.#append()
  }

  #putNote(): Unit | undefined {
    const place = this.#take('notes', NOTES, 'any')
    if (place === undefined) return undefined
    const content = this.#note()
    return one(`put ${place}`, place, { content }, (handles, form) =>
      handles.notes.put({ id: keyOf(place), ...content, form }),
    )
  }

  #leaseNote(): Unit | undefined {
    const place = this.#take('notes', NOTES, 'any')
    if (place === undefined) return undefined
    const content = this.#note()
    const held = { content, expiresAt: this.#now + LEASE_MS }
    return one(`lease ${place}`, place, held, (handles, form) =>
      handles.notes.put({ id: keyOf(place), ...content, form }, { ttlMs: LEASE_MS }),
    )
  }

  #insertNote(): Unit | undefined {
    const place = this.#take('notes', NOTES, 'free')
    if (place === undefined) return undefined
    const content = this.#note()
    return one(`insert ${place}`, place, { content }, (handles, form) =>
      handles.notes.insert({ id: keyOf(place), ...content, form }),
    )
  }

  #updateNote(): Unit | undefined {
    const place = this.#take('notes', NOTES, 'held')
    const held = place && this.#ledger.at(place, this.#now)
    if (place === undefined || held === undefined || !('author' in held.content)) return undefined
    const { text } = this.#note()
    return one(`update ${place}`, place, { ...held, content: { ...held.content, text } }, (handles) =>
      handles.notes.update(keyOf(place), { text }),
    )
  }

  #putNotes(): Unit {
    const notes = this.#takeSome('notes', NOTES, 'any').map((place) => ({ place, content: this.#note() }))
    return {
      label: `put ${notes.map(({ place }) => place).join(', ')} together`,
      effect: { places: new Map(notes.map(({ place, content }) => [place, { content }])), told: [] },
      run: async (store, form) => {
        const records = notes.map(({ place, content }) => ({ id: keyOf(place), ...content, form }))
        const versions = await handlesOf(store, form).notes.putMany(records)
        return {
          ...NO_RECEIPT,
          versions: new Map(notes.map(({ place }, index) => [place, versions[index] ?? 0])),
        }
      },
    }
  }

  #deleteNotes(): Unit | undefined {
    const places = this.#takeSome('notes', NOTES, 'held')
    if (places.length === 0) return undefined
    return {
      label: `delete ${places.join(', ')}`,
      effect: { places: new Map(places.map((place) => [place, undefined])), told: [] },
      run: async (store, form) => {
        const { notes } = handlesOf(store, form)
        const [only] = places
        if (places.length === 1 && only !== undefined) await notes.delete(keyOf(only))
        else await notes.deleteMany(places.map(keyOf))
        return NO_RECEIPT
      },
    }
  }

  #putPaper(): Unit | undefined {
    const place = this.#take('papers', PAPERS, 'any')
    if (place === undefined) return undefined
    const content = { title: this.#text() }
    return one(`put ${place}`, place, { content }, (handles) =>
      handles.papers.put({ id: keyOf(place), ...content }),
    )
  }

  #deletePaper(): Unit | undefined {
    const place = this.#take('papers', PAPERS, 'held')
    if (place === undefined) return undefined
    return {
      label: `delete ${place}`,
      effect: { places: new Map([[place, undefined]]), told: [] },
      run: async (store, form) => {
        await handlesOf(store, form).papers.delete(keyOf(place))
        return NO_RECEIPT
      },
    }
  }

  /** Deleted and restored in one, so that only its version tells. */
  #restorePaper(): Unit | undefined {
    const place = this.#take('papers', PAPERS, 'held')
    const held = place && this.#ledger.at(place, this.#now)
    if (place === undefined || held === undefined) return undefined
    return {
      label: `delete and restore ${place}`,
      effect: { places: new Map([[place, held]]), told: [] },
      run: (store, form) =>
        store.transaction(async (transaction) => {
          const { papers } = handlesOf(transaction, form)
          await papers.delete(keyOf(place))
          return { ...NO_RECEIPT, versions: new Map([[place, await papers.restore(keyOf(place))]]) }
        }),
    }
  }

  #transfer(): Unit | undefined {
    const from = this.#take('accounts', ACCOUNTS, 'any')
    const to = this.#take('accounts', ACCOUNTS, 'any')
    const receipt = this.#take('notes', NOTES, 'any')
    if (from === undefined || to === undefined || receipt === undefined) return undefined
    const amount = 1 + this.#random.below(100)
    const giver = { content: { balance: this.#balance(from) - amount } }
    const taker = { content: { balance: this.#balance(to) + amount } }
    const note = { content: this.#note() }
    const told = { stream: this.#random.pick(STREAMS), event: this.#text() }
    return {
      label: `transfer from ${from} to ${to} with ${receipt} and an entry`,
      effect: {
        places: new Map<Place, Effected>([
          [from, giver],
          [to, taker],
          [receipt, note],
        ]),
        told: [told],
      },
      run: (store, form) =>
        store.transaction(async (transaction) => {
          const handles = handlesOf(transaction, form)
          const versions = new Map<Place, number>()
          versions.set(from, await handles.accounts.put({ id: keyOf(from), ...giver.content }))
          const [entry] = await handles.journal.append(told.stream, [{ event: told.event }])
          versions.set(receipt, await handles.notes.put({ id: keyOf(receipt), ...note.content, form }))
          versions.set(to, await handles.accounts.put({ id: keyOf(to), ...taker.content }))
          return { versions, sequences: new Map([[told.event, entry?.sequence ?? 0]]) }
        }),
    }
  }

  #append(): Unit {
    const stream = this.#random.pick(STREAMS)
    const events = Array.from({ length: 1 + this.#random.below(3) }, () => this.#text())
    return {
      label: `append ${events.length} to ${stream}`,
      effect: { places: new Map(), told: events.map((event) => ({ stream, event })) },
      run: async (store, form) => {
        const { journal } = handlesOf(store, form)
        const entries = await journal.append(
          stream,
          events.map((event) => ({ event })),
        )
        return { ...NO_RECEIPT, sequences: new Map(entries.map(({ event, sequence }) => [event, sequence])) }
      },
    }
  }

  #balance(place: Place): number {
    const content: Content | undefined = this.#ledger.at(place, this.#now)?.content
    return content !== undefined && 'balance' in content ? content.balance : 0
  }

  #note() {
    return { author: this.#random.pick(AUTHORS), text: this.#text() }
  }

  /** Never the same twice. One in ten is longer than a few sectors. */
  #text(): string {
    const text = `${this.#random.below(2 ** 31)} · ${'né '.repeat(this.#random.below(8))}`
    return this.#random.percent(10) ? text + 'x'.repeat(this.#random.below(LONG_TEXT)) : text
  }

  #takeSome(collection: 'notes', count: number, which: 'any' | 'held'): readonly Place[] {
    const wanted = 1 + this.#random.below(3)
    return Array.from({ length: wanted }, () => this.#take(collection, count, which)).filter(
      (place) => place !== undefined,
    )
  }

  #take(collection: 'notes' | 'papers' | 'accounts', count: number, which: 'any' | 'held' | 'free') {
    const places = Array.from({ length: count }, (_, index): Place => `${collection}/${collection}-${index}`)
    const fitting = places.filter((place) => {
      if (this.#taken.has(place)) return false
      return which === 'any' || (this.#ledger.at(place, this.#now) !== undefined) === (which === 'held')
    })
    if (fitting.length === 0) return undefined
    const place = this.#random.pick(fitting)
    this.#taken.add(place)
    return place
  }
}

type Effected = Omit<Held, 'version'> | undefined

function one(
  label: string,
  place: Place,
  held: Omit<Held, 'version'>,
  put: (handles: Handles, form: Form) => Promise<number>,
): Unit {
  return {
    label,
    effect: { places: new Map([[place, held]]), told: [] },
    run: async (store, form) => ({
      ...NO_RECEIPT,
      versions: new Map([[place, await put(handlesOf(store, form), form)]]),
    }),
  }
}

/** Changes nothing that can be seen. */
function cleanup(): Unit {
  return {
    label: 'clean up',
    effect: { places: new Map(), told: [] },
    run: async (store) => {
      await store.cleanupExpired()
      return NO_RECEIPT
    },
  }
}

function purge(): Unit {
  return {
    label: 'purge',
    effect: { places: new Map(), told: [] },
    run: async (store) => {
      await store.purgeDeleted({ olderThanMs: 0 })
      return NO_RECEIPT
    },
  }
}

function keyOf(place: Place): string {
  return place.slice(place.indexOf('/') + 1)
}
