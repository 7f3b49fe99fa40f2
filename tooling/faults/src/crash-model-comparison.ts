/** Compares what a store shows with what was promised. */

import { isDeepStrictEqual } from 'node:util'
import type { BaseStore } from '@coffer/core'
import type { Expectation, Held, Receipt, Write } from './crash-model-ledger.ts'
import { AUTHORS, type Form, type Handles, handlesOf, type Place, STREAMS } from './crash-model-records.ts'

/** A record as the store shows it. */
interface Shown {
  readonly record: object
  readonly version: number
}

/** All that a store shows. */
export interface Sight {
  readonly places: ReadonlyMap<Place, Shown>
  /** The events of each stream by their sequences. */
  readonly told: ReadonlyMap<string, ReadonlyMap<number, string>>
  /** What is wrong whatever was promised: a broken chain, an index that differs from its records. */
  readonly flaws: readonly string[]
}

/** Looks at everything. */
export async function look(store: BaseStore, form: Form): Promise<Sight> {
  const handles = handlesOf(store, form)
  const places = new Map<Place, Shown>()
  for (const name of ['notes', 'papers', 'accounts'] as const) {
    const { records } = await handles[name].findEntries({ limit: 1_000 })
    for (const { record, version } of records) places.set(`${name}/${record.id}`, { record, version })
  }
  const told = new Map<string, Map<number, string>>()
  const flaws = [...(await indexFlaws(handles, form, places)), ...(await historyFlaws(handles, places))]
  for (const stream of STREAMS) {
    const { records } = await handles.journal.read(stream, { limit: 1_000 })
    told.set(stream, new Map(records.map(({ sequence, event }) => [sequence, event])))
    const report = await handles.journal.verify(stream)
    if (!report.ok) flaws.push(`the chain of ${stream} is broken: ${JSON.stringify(report)}`)
    const head = await handles.journal.head(stream)
    if ((head?.sequence ?? 0) !== records.length) flaws.push(`${stream}: its head is at ${head?.sequence}`)
  }
  return { places, told, flaws }
}

async function indexFlaws(
  { notes }: Handles,
  form: Form,
  places: ReadonlyMap<Place, Shown>,
): Promise<readonly string[]> {
  const shown = [...places].filter(([place]) => place.startsWith('notes/')).map(([, { record }]) => record)
  const flaws: string[] = []
  for (const author of AUTHORS) {
    const wanted = shown.filter((record) => 'author' in record && record.author === author)
    const { records } = await notes.find({ where: { author }, limit: 1_000 })
    const count = await notes.count({ author })
    if (!isDeepStrictEqual(wanted, records)) flaws.push(`the index by author ${author} differs`)
    if (count !== wanted.length) flaws.push(`${count} notes of ${author} are counted`)
  }
  if (form === 1) return flaws
  const upgraded = await notes.count({ form })
  return upgraded === shown.length
    ? flaws
    : [...flaws, `the index by form has ${upgraded} of ${shown.length}`]
}

async function historyFlaws(
  { papers }: Handles,
  places: ReadonlyMap<Place, Shown>,
): Promise<readonly string[]> {
  const flaws: string[] = []
  const report = await papers.verify()
  if (!report.ok) flaws.push(`papers do not match their hashes: ${JSON.stringify(report)}`)
  for (const [place, { record, version }] of places) {
    if (!place.startsWith('papers/')) continue
    const { records } = await papers.history(place.slice('papers/'.length), { limit: 1 })
    const [newest] = records
    if (newest?.version !== version || !isDeepStrictEqual(newest.record, record)) {
      flaws.push(`the history of ${place} ends with version ${newest?.version}, not with ${version}`)
    }
  }
  return flaws
}

/** What is not as promised. */
export function compare({ places, told, flaws }: Sight, expectation: Expectation): readonly string[] {
  const { open } = expectation
  const differences = [...flaws]
  const concerned = new Set(open.flatMap(({ effect }) => [...effect.places.keys()]))
  for (const place of new Set([...places.keys(), ...expectation.certain.held.keys()])) {
    if (concerned.has(place)) continue
    const difference = differenceAt(place, places.get(place), certainly(place, expectation), expectation.form)
    if (difference !== undefined) differences.push(difference)
  }
  for (const write of open) {
    if (!isUndone(write, { places, told }, expectation) && !isDone(write, { places, told }, expectation)) {
      differences.push(`the write that was not acknowledged is there in part, or wrongly: ${write.label}`)
    }
  }
  return [...differences, ...journalDifferences(told, expectation)]
}

function certainly(place: Place, { certain, now }: Expectation): Held | undefined {
  return certain.at(place, now)
}

function differenceAt(
  place: Place,
  shown: Shown | undefined,
  held: Held | undefined,
  form: Form,
): string | undefined {
  if (held === undefined) return shown && `${place} is there and has to be gone`
  if (shown === undefined) return `${place} is lost`
  const [collection, id] = place.split('/')
  const record = collection === 'notes' ? { id, ...held.content, form } : { id, ...held.content }
  if (!isDeepStrictEqual(shown.record, record)) return `${place} has another value`
  return held.version === undefined || held.version === shown.version
    ? undefined
    : `${place} has version ${shown.version} instead of ${held.version}`
}

type Shape = Pick<Sight, 'places' | 'told'>

/** Whether nothing of a write is there. */
function isUndone({ effect }: Write, { places, told }: Shape, expectation: Expectation): boolean {
  for (const place of effect.places.keys()) {
    const before = certainly(place, expectation)
    if (differenceAt(place, places.get(place), before, expectation.form) !== undefined) return false
  }
  return effect.told.every(({ stream, event }) => sequenceOf(told, stream, event) === undefined)
}

/** Whether all of a write is there. */
function isDone(write: Write, { places, told }: Shape, { form, now, certain }: Expectation): boolean {
  for (const [place, held] of write.effect.places) {
    const isGone = held === undefined || (held.expiresAt !== undefined && now >= held.expiresAt)
    const after = isGone ? undefined : { ...held, version: write.receipt.versions.get(place) }
    const shown = places.get(place)
    if (differenceAt(place, shown, after, form) !== undefined) return false
    if (shown !== undefined && shown.version <= (certain.versions.get(place) ?? 0)) return false
  }
  return write.effect.told.every(({ stream, event }) => {
    const sequence = sequenceOf(told, stream, event)
    return sequence !== undefined && sequence === (write.receipt.sequences.get(event) ?? sequence)
  })
}

function sequenceOf(told: Sight['told'], stream: string, event: string): number | undefined {
  for (const [sequence, each] of told.get(stream) ?? []) if (each === event) return sequence
  return undefined
}

/** Entries that were acknowledged are in their places, and no other is there that nobody wrote. */
function journalDifferences(told: Sight['told'], { certain, open }: Expectation): readonly string[] {
  const differences: string[] = []
  const waiting = new Set(open.flatMap(({ effect }) => effect.told.map(({ event }) => event)))
  for (const stream of STREAMS) {
    const shown = told.get(stream) ?? new Map<number, string>()
    const promised = certain.told.get(stream) ?? new Map<number, string>()
    for (const [sequence, event] of promised) {
      if (shown.get(sequence) !== event) differences.push(`entry ${sequence} of ${stream} is lost`)
    }
    for (const [sequence, event] of shown) {
      if (promised.get(sequence) !== event && !waiting.has(event)) {
        differences.push(`entry ${sequence} of ${stream} was never acknowledged, and refused or not written`)
      }
    }
  }
  return differences
}

/** What the acknowledgement of a write would have said, as the store shows it; `undefined` when it is not there. */
export function receiptOf(write: Write, sight: Sight, expectation: Expectation): Receipt | undefined {
  if (!isDone(write, sight, expectation)) return undefined
  const versions = new Map<Place, number>()
  for (const place of write.effect.places.keys()) {
    const shown = sight.places.get(place)
    if (shown !== undefined) versions.set(place, shown.version)
  }
  const sequences = new Map<string, number>()
  for (const { stream, event } of write.effect.told) {
    const sequence = sequenceOf(sight.told, stream, event)
    if (sequence !== undefined) sequences.set(event, sequence)
  }
  return { versions, sequences }
}
