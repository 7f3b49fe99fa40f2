/** Generated documents: what goes in comes out, and every backend exports the same bytes. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type BaseStore, createStore, defineCollection, exportLines } from '@coffer/core'
import fc from 'fast-check'
import * as z from 'zod'
import type { Harness } from '../harness.ts'
import { ManualClock } from '../manual-clock.ts'

const documents = defineCollection({
  name: 'documents',
  schema: z.object({ id: z.string(), value: z.json(), label: z.string(), weight: z.number() }),
  key: 'id',
  fields: { label: 'index', weight: 'column' },
  integrity: true,
})

/** Records written in one call. */
const CHUNK = 1_000

type Generated = z.output<typeof documents.schema> & { readonly id: string }

/** What a round trip found. */
export interface RoundTripReport {
  readonly documents: number
  /** Hex SHA-256 of the export, the same on every backend. */
  readonly digest: string
}

/**
 * Writes the same generated documents to every backend, reads them back and compares.
 *
 * @throws an assertion error that names the backend and the document
 */
export async function roundTrip(
  harnesses: readonly Harness[],
  options: { readonly seed: number; readonly documents: number },
): Promise<RoundTripReport> {
  const generated = generate(options.seed, options.documents)
  let digest: string | undefined
  for (const harness of harnesses) {
    const mine = await roundTripOn(harness, generated)
    digest ??= mine
    assert.equal(mine, digest, `${harness.name} exports other bytes than ${harnesses[0]?.name}`)
  }
  return { documents: generated.length, digest: digest ?? '' }
}

async function roundTripOn(harness: Harness, generated: readonly Generated[]): Promise<string> {
  const place = await harness.create()
  const store = createStore({ backend: place.backend(), clock: new ManualClock() })
  try {
    const collection = store.collection(documents)
    for (let start = 0; start < generated.length; start += CHUNK) {
      await collection.putMany(generated.slice(start, start + CHUNK))
    }
    const wanted = new Map(generated.map((each) => [each.id, each]))
    for await (const found of collection.iterate({ limit: CHUNK })) {
      assert.deepStrictEqual(found, wanted.get(found.id), `${harness.name}: document ${found.id}`)
      wanted.delete(found.id)
    }
    assert.equal(wanted.size, 0, `${harness.name}: ${wanted.size} documents are missing`)
    return await digestOf(store)
  } finally {
    await store.close()
    await place.destroy()
  }
}

async function digestOf(store: BaseStore): Promise<string> {
  const hash = createHash('sha256')
  for await (const line of exportLines(store)) hash.update(line).update('\n')
  return hash.digest('hex')
}

function generate(seed: number, count: number): Generated[] {
  const label = fc.string({ unit: 'grapheme', maxLength: 12 })
  const arbitrary = fc.record({
    value: fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }),
    label,
    weight: fc.double({ noNaN: true, noDefaultInfinity: true }),
    suffix: label,
  })
  return fc.sample(arbitrary, { seed, numRuns: count }).map(({ value, label, weight, suffix }, position) => ({
    id: `${position}:${suffix}`,
    // What JSON says of a value: without negative zeros.
    value: JSON.parse(JSON.stringify(value)),
    label,
    weight: weight === 0 ? 0 : weight,
  }))
}
