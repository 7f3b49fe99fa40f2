/** Records before and after a migration: what each becomes, and what is wrong where it has not become that. */

import { type BaseStore, defineCollection, type JsonObject } from '@coffer/core'
import * as z from 'zod'
import { batchesOf } from './row-batches.ts'

const TEXT_LENGTH = 200
const PAGE = 1_000
const STATES = ['new', 'open', 'held', 'done'] as const
const MAX_PROBLEMS = 5
/** Ids of records that the old program writes while the store is migrated. */
const LATE = 'late-'

const before = { id: z.string(), owner: z.string(), text: z.string() }

/** As the old program knows them. */
export const oldItems = defineCollection({
  name: 'items',
  schema: z.object(before),
  key: 'id',
  fields: { owner: 'index' },
  integrity: true,
  softDelete: true,
})

/** As the new one does: with a new field, new indexes, and a version more. */
export const items = defineCollection({
  name: 'items',
  schema: z.object({ ...before, state: z.string(), upgrades: z.int() }),
  key: 'id',
  fields: { owner: 'index', state: 'index' },
  indexes: [['owner', 'state']],
  integrity: true,
  softDelete: true,
  version: 2,
  upgrade: { 1: upgraded },
})

/** Counts how often it was done, so that twice is told from once. */
function upgraded(old: JsonObject): JsonObject {
  const upgrades = typeof old.upgrades === 'number' ? old.upgrades : 0
  return { ...old, state: stateOf(String(old.id)), upgrades: upgrades + 1 }
}

function stateOf(id: string): string {
  return STATES[Number(id.split('-')[1]) % STATES.length] ?? STATES[0]
}

export function item(number: number, isLate = false) {
  return {
    id: `${isLate ? LATE : 'item-'}${number}`,
    owner: `owner-${number % 17}`,
    text: 'x'.repeat(TEXT_LENGTH),
  }
}

/** What must not change of a row. */
type Kept = string

/** Writes records by the old definition; some are soft-deleted. @returns what must stay, by id */
export async function writeOld(store: BaseStore, count: number): Promise<ReadonlyMap<string, Kept>> {
  const collection = store.collection(oldItems)
  for (let first = 0; first < count; first += PAGE) {
    const size = Math.min(PAGE, count - first)
    await collection.putMany(Array.from({ length: size }, (_each, number) => item(first + number)))
  }
  for (let number = 0; number < count; number += Math.ceil(count / 10))
    await collection.delete(`item-${number}`)
  return (await rowsOf(store)).kept
}

interface Rows {
  readonly kept: ReadonlyMap<string, Kept>
  /** Rows that are not as they are after one upgrade. */
  readonly problems: readonly string[]
  /** How many live records each state has, without those that were written late. */
  readonly states: ReadonlyMap<string, number>
}

async function rowsOf(store: BaseStore): Promise<Rows> {
  const kept = new Map<string, Kept>()
  const states = new Map<string, number>()
  const problems: string[] = []
  await store.place().snapshot(async (snapshot) => {
    const held = snapshot.layouts.find(({ layout }) => layout.name === items.name)
    if (held === undefined) return
    for await (const rows of batchesOf(snapshot, held.layout, PAGE)) {
      for (const { id, version, createdAt, updatedAt, deletedAt, schemaVersion, document } of rows) {
        kept.set(id, JSON.stringify([version, createdAt, updatedAt, deletedAt]))
        if (id.startsWith(LATE)) continue
        const { state, upgrades } = JSON.parse(document) as { state?: unknown; upgrades?: unknown }
        if (schemaVersion !== 2 || upgrades !== 1 || state !== stateOf(id)) {
          problems.push(`${id} is of version ${schemaVersion}, upgraded ${upgrades} times`)
        }
        if (deletedAt === null) states.set(stateOf(id), (states.get(stateOf(id)) ?? 0) + 1)
      }
    }
  })
  return { kept, problems, states }
}

/**
 * What is wrong with a store that was opened by the new program.
 *
 * @param wanted what must be as it was, by id
 * @param late how many records the old program was told are written, meanwhile
 */
export async function migratedProblems(
  store: BaseStore,
  wanted: ReadonlyMap<string, Kept>,
  late: number,
): Promise<readonly string[]> {
  const collection = store.collection(items)
  const problems: string[] = []
  const plan = await store.place().plan()
  problems.push(...plan.steps.map(({ says }) => `it is still to be done: ${says}`))
  const rows = await rowsOf(store)
  problems.push(...rows.problems.slice(0, MAX_PROBLEMS))
  for (const [id, kept] of wanted) {
    if (rows.kept.get(id) !== kept) problems.push(`${id} had ${kept} and has ${rows.kept.get(id)}`)
  }
  for (const [state, count] of rows.states) {
    const found = await collection.count({ state })
    // What the old program wrote late is found when it is written again.
    if (found < count || found > count + late) problems.push(`${count} are ${state}, ${found} are found`)
  }
  const damage = (await collection.verify()).problems.filter(({ key }) => !key.startsWith(LATE))
  problems.push(...damage.map(({ key, problem }) => `${key}: ${problem}`))
  if (problems.length > 0 || late === 0) return problems.slice(0, 2 * MAX_PROBLEMS)
  await store.place().migrate({ rewrite: true })
  return lateProblems(store, late)
}

/** What the old program wrote is there, and right once all was written again. */
async function lateProblems(store: BaseStore, late: number): Promise<readonly string[]> {
  const collection = store.collection(items)
  const problems = (await collection.verify()).problems.map(({ key, problem }) => `${key}: ${problem}`)
  for (let number = 0; number < late; number++) {
    const { id } = item(number, true)
    const found = await collection.get(id)
    if (found?.upgrades !== 1) problems.push(`${id} was acknowledged, and is not there as it should be`)
  }
  return problems.slice(0, MAX_PROBLEMS)
}
