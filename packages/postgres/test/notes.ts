/** A collection for tests, stores on it, and statements around them. */

import { createStore, defineCollection, type StoreOptions } from '@coffer/core'
import type { PostgresOptions } from '@coffer/core/backend'
import pg from 'pg'
import * as z from 'zod'
import { postgres } from '../src/index.ts'

export const notes = defineCollection({
  name: 'notes',
  schema: z.object({
    id: z.string(),
    note: z.string().optional(),
    rank: z.number().optional(),
    at: z.iso.datetime().optional(),
    tags: z.array(z.string()).optional(),
    until: z.iso.datetime().optional(),
  }),
  key: 'id',
  fields: { note: 'index', rank: 'index', at: 'index', tags: 'index' },
  expiresAt: 'until',
  softDelete: true,
  history: true,
})

export type NoteStore = ReturnType<typeof noteStore>

/** A store on these options, to be disposed of. */
export function noteStore(options: PostgresOptions, storeOptions: StoreOptions = {}) {
  const store = createStore({ ...storeOptions, backend: postgres(options) })
  // Transactions and sweeps take only what the store knows.
  store.collection(notes)
  return store
}

/** Makes the tables of the notes, with one note in them. */
export async function prepareNotes(options: PostgresOptions): Promise<void> {
  await using store = noteStore(options)
  await store.collection(notes).put({ id: 'there' })
}

/** The rows that statements answer, the last of them, one after the other on one connection. */
export async function query(
  url: string,
  ...statements: readonly string[]
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}
