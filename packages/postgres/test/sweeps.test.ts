/** Sweeps from several connections at once, while others renew what is to be swept. */

import type { Backend, Operation, Sweep } from '@coffer/core/backend'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { rawConnection } from './backends.ts'
import { AT, group, NOTES, put } from './layouts.ts'
import { fileDatabase } from './places.ts'

const ROUNDS = 12
const ROWS = 300
const RENEWED = 60
const SWEEPERS = 4
const EARLIER = AT - 1_000

const database = fileDatabase()
let backends: readonly Backend[]

beforeAll(async () => {
  const connectionString = (await database()).url
  backends = Array.from({ length: SWEEPERS }, () => postgres({ connectionString, max: 3 }))
  for (const backend of backends) await backend.open([NOTES])
})
afterAll(async () => {
  for (const backend of backends) await backend.close()
})

async function deadlocks(): Promise<number> {
  const raw = await rawConnection((await database()).superuserUrl)
  const { rows } = await raw.query(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  )
  return rows[0].deadlocks
}

interface Case {
  readonly title: string
  readonly make: (id: string, tenant: string) => readonly Operation[]
  /** Makes a row live again, whether it is still there or not. */
  readonly renew: (id: string, tenant: string) => Operation
  readonly sweep: (tenant: string | undefined) => Sweep
  /** What a row's version is after it was made. */
  readonly version: number
}

const CASES: readonly Case[] = [
  {
    title: 'past their deadline',
    make: (id, tenant) => [put(id, { tenant, expiresAt: AT - 1 })],
    renew: (id, tenant) => put(id, { tenant, expiresAt: AT + 1 }),
    sweep: (tenant) => ({ type: 'expired', tenant }),
    version: 1,
  },
  {
    title: 'that were deleted',
    make: (id, tenant) => [
      put(id, { tenant }),
      { type: 'delete', mode: 'soft', layout: NOTES, tenant, id, condition: { type: 'none' } },
    ],
    renew: (id, tenant) => put(id, { tenant }),
    sweep: (tenant) => ({ type: 'deleted', tenant, deletedBefore: AT - 1 }),
    version: 2,
  },
]

test.each(CASES)(
  'rows $title go once, and none that was renewed',
  async ({ make, renew, sweep, version }) => {
    const [first] = backends as readonly [Backend]
    let early = 0
    for (let round = 0; round < ROUNDS; round++) {
      const tenant = `round${round}-${version}`
      const ids = Array.from({ length: ROWS }, (_, index) => `row${index}`)
      const made = await first.write([group(...ids.flatMap((id) => make(id, tenant)))], EARLIER)
      expect(made).toMatchObject([{ ok: true }])
      const renewed = ids.filter((_, index) => index % (ROWS / RENEWED) === round % (ROWS / RENEWED))
      let removed = 0
      const sweeping = backends.map(async (backend, index) => {
        for (let more = true; more; ) {
          const answer = await backend.sweep(NOTES, sweep(index % 2 === 0 ? undefined : tenant), 25, AT)
          removed += answer.removed
          more = answer.more
        }
      })
      const renewing = renewed.map((id, index) => {
        const backend = backends[index % SWEEPERS] as Backend
        return backend.write([group(renew(id, tenant))], AT)
      })
      const outcomes = await Promise.all(renewing)
      await Promise.all(sweeping)
      for (const answer of outcomes) expect(answer).toMatchObject([{ ok: true }])
      // Those that found a row locked have passed it over.
      for (let more = true; more; ) {
        const answer = await first.sweep(NOTES, sweep(undefined), 25, AT)
        removed += answer.removed
        more = answer.more
      }
      const rows = await first.read(
        NOTES,
        ids.map((id) => ({ tenant, id })),
      )
      const left = rows.filter((row) => row !== undefined)
      expect(left.map(({ id }) => id)).toEqual(renewed)
      // One above what it was, whether the row was in place or its floor remembered it.
      expect(new Set(left.map((row) => row.version))).toEqual(new Set([version + 1]))
      expect(removed).toBeGreaterThanOrEqual(ROWS - RENEWED)
      expect(removed).toBeLessThanOrEqual(ROWS)
      early += removed - (ROWS - RENEWED)
    }
    // Who waits for each other in a ring waits for a second, until the server ends one of them.
    expect(await deadlocks()).toBe(0)
    // Some were renewed in time and some too late, or the case would show nothing.
    expect(early).toBeGreaterThan(0)
    expect(early).toBeLessThan(ROUNDS * RENEWED)
  },
)
