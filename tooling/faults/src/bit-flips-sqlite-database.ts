/** The database whose bits are flipped: what is in it, the questions that it is asked, and what checks it. */

import { type BaseStore, createStore, defineCollection, defineLog } from '@coffer/core'
import { type SqliteBackend, sqlite } from '@coffer/sqlite'
import * as z from 'zod'
import type { Random } from './random.ts'

const AT = Date.parse('2025-01-01T00:00:00Z')
const UNTIL = '2025-01-02T00:00:00.000Z'
const clock = { now: () => AT }

const NOTES = 90
const DRAFTS = 30
const LINES = 30
const STREAM = 'main'
const AUTHORS = ['ann', 'bob', 'cy']
const TAGS = ['red', 'green', 'blue', 'grey']

const notes = defineCollection({
  name: 'notes',
  schema: z.object({
    id: z.string(),
    author: z.string(),
    score: z.number().nullable(),
    tags: z.array(z.string()),
    text: z.string(),
    until: z.string().nullable(),
  }),
  key: 'id',
  fields: { author: 'index', score: 'index', tags: 'index', text: 'column' },
  indexes: [['author', 'score']],
  expiresAt: 'until',
  softDelete: true,
  integrity: true,
})

const drafts = defineCollection({
  name: 'drafts',
  schema: z.object({ id: z.string(), text: z.string() }),
  key: 'id',
  history: true,
  integrity: true,
})

const lines = defineLog({
  name: 'lines',
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    text: z.string(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** What a database answers. */
export interface Answers {
  /** The records and the lines of the log, by all the ways that lead to them. These a check has to cover. */
  readonly records: string
  /** Versions, times and earlier versions. */
  readonly rest: string
}

/** A store on the database, and its backend. To be closed. */
export function openDatabase(path: string, durability: 'power' | 'process'): [BaseStore, SqliteBackend] {
  const backend = sqlite({ path, durability, reserveBytes: 0 })
  const store = createStore({ backend, clock })
  store.collection(notes)
  store.collection(drafts)
  store.log(lines)
  return [store, backend]
}

/** Stores records of all kinds, each in a commit of its own where asked. */
export async function fillDatabase(store: BaseStore, random: Random, singly: boolean): Promise<void> {
  const all = Array.from({ length: NOTES }, (_, index) => ({
    id: `note-${index}`,
    author: AUTHORS[index % AUTHORS.length] ?? '',
    score: index % 7 === 0 ? null : random.below(8_000) / 8,
    tags: TAGS.filter(() => random.percent(40)),
    text: 'word '.repeat(index % 10 === 0 ? 1_500 : 10 + random.below(20)),
    until: index % 9 === 0 ? UNTIL : null,
  }))
  const collection = store.collection(notes)
  if (singly) for (const each of all) await collection.put(each)
  else await collection.putMany(all)
  for (let index = 0; index < 10; index++) await collection.delete(`note-${index}`)
  for (let version = 0; version < 2; version++) {
    await store.collection(drafts).putMany(
      Array.from({ length: DRAFTS }, (_, index) => ({
        id: `draft-${index}`,
        text: `text ${version} `.repeat(20),
      })),
    )
  }
  await store.log(lines).append(
    STREAM,
    Array.from({ length: LINES }, (_, index) => ({ stream: STREAM, text: `line ${index}` })),
  )
}

/** Asks for everything, by keys, in every order and by every index. Throws what the store throws. */
export async function askDatabase(store: BaseStore): Promise<Answers> {
  const collection = store.collection(notes)
  const keys = Array.from({ length: NOTES }, (_, index) => `note-${index}`)
  const draftKeys = Array.from({ length: DRAFTS }, (_, index) => `draft-${index}`)
  const find = (options: Parameters<typeof collection.find>[0]) =>
    collection.find({ ...options, limit: 1_000 })
  const records = [
    await collection.getMany(keys, { includeDeleted: true }),
    (await find({})).records,
    (await find({ orderBy: { author: 'asc' } })).records,
    (await find({ orderBy: { score: 'desc' } })).records,
    (await find({ includeDeleted: true })).records,
    await collection.count(),
    await store.collection(drafts).getMany(draftKeys),
    await store.collection(drafts).count(),
    (await store.log(lines).read(STREAM, { limit: 1_000 })).records,
    await store.log(lines).head(STREAM),
  ]
  for (const author of AUTHORS) {
    records.push((await find({ where: { author }, orderBy: { score: 'asc' } })).records)
  }
  for (const tag of TAGS) records.push((await find({ where: { tags: { hasAny: [tag] } } })).records)
  const rest: unknown[] = [
    (await collection.findEntries({ limit: 1_000, includeDeleted: true })).records,
    (await store.collection(drafts).findEntries({ limit: 1_000 })).records,
  ]
  for (const key of draftKeys) rest.push((await store.collection(drafts).history(key)).records)
  return { records: JSON.stringify(records), rest: JSON.stringify(rest) }
}

/** Whether the checks of the store and of SQLite find anything wrong. */
export async function findsDamage(store: BaseStore, backend: SqliteBackend): Promise<boolean> {
  try {
    const reports = [
      await store.collection(notes).verify(),
      await store.collection(drafts).verify(),
      await store.log(lines).verify(STREAM),
    ]
    return reports.some(({ ok }) => !ok) || (await backend.check()).length > 0
  } catch {
    // Damage that a check can't even read past.
    return true
  }
}
