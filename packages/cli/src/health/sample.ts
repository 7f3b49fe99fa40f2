/** How a store is at one moment, and how moments add up while somebody watches. */

import { type BaseStore, type Check, type Health, type Inspection, isStoreError } from '@coffer/core'

/** One look at a store. */
export interface Sample {
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number
  readonly health: Health
  /** How long opening took, in milliseconds. */
  readonly openMs: number
  /** `undefined` where the store did not answer, or tells nothing of itself. */
  readonly inspection: Inspection | undefined
}

/**
 * Looks at a store that was made for it alone, opening it. Never fails: a store that can't be had is an answer.
 * Where no store is yet, nothing is written.
 */
export async function takeSample(store: BaseStore, write: boolean): Promise<Sample> {
  const place = store.place()
  const startedAt = performance.now()
  const first = await place.health()
  const openMs = performance.now() - startedAt
  const at = Date.now()
  if (!first.ok) return { at, health: first, openMs, inspection: undefined }
  try {
    const inspection = await place.inspect()
    const health = write && !isEmpty(inspection) ? await place.health({ write }) : first
    return { at, health, openMs, inspection }
  } catch (cause) {
    const { code, message } = isStoreError(cause) ? cause : unknownFailure(place.backend)
    return { at, health: { ...first, ok: false, failure: { code, message } }, openMs, inspection: undefined }
  }
}

/** True for a place that tells that nothing was ever made in it. */
export function isEmpty(inspection: Inspection | undefined): boolean {
  return inspection?.sizes.length === 0
}

function unknownFailure(backend: string): NonNullable<Health['failure']> {
  return { code: 'INTERNAL', message: `${backend} can't be inspected` }
}

/** What of a sample deserves attention. */
export function troublesOf({ inspection }: Sample): readonly Check[] {
  return (inspection?.checks ?? []).filter(({ state }) => state !== 'good')
}

/** What a look found, in a word: of a `bad` one the store answers, and a check is bad. */
export function stateOf(sample: Sample): 'ok' | 'bad' | 'not ok' {
  if (!sample.health.ok) return 'not ok'
  return troublesOf(sample).some(({ state }) => state === 'bad') ? 'bad' : 'ok'
}

/** Samples that are kept while somebody watches. */
const KEPT = 60

/** The samples of a while, oldest first. */
export class Samples {
  #samples: Sample[] = []

  add(sample: Sample): void {
    this.#samples = [...this.#samples, sample].slice(-KEPT)
  }

  get latest(): Sample | undefined {
    return this.#samples.at(-1)
  }

  /** Least, median and most of a duration over all that is kept; `undefined` where it was never measured. */
  spread(duration: (sample: Sample) => number | null): readonly [number, number, number] | undefined {
    const sorted = this.#samples
      .map(duration)
      .filter((each) => each !== null)
      .sort((one, other) => one - other)
    const [least] = sorted
    const median = sorted[Math.floor(sorted.length / 2)]
    const most = sorted.at(-1)
    return least === undefined || median === undefined || most === undefined
      ? undefined
      : [least, median, most]
  }

  /** By how much a number has grown a second since the oldest sample that has it; `undefined` while there is one alone. */
  perSecond(number: (sample: Sample) => number | null | undefined): number | undefined {
    const known = this.#samples.filter((sample) => typeof number(sample) === 'number')
    const [oldest, latest] = [known[0], known.at(-1)]
    if (oldest === undefined || latest === undefined || latest.at <= oldest.at) return undefined
    return ((number(latest) ?? 0) - (number(oldest) ?? 0)) / ((latest.at - oldest.at) / 1_000)
  }
}

/** The rows of a layout in a sample. */
export function rowsOf(layout: string): (sample: Sample) => number | undefined {
  return ({ inspection }) => inspection?.sizes.find((size) => size.layout === layout)?.rows
}
