/** What the process on the failing disk is told, the records that it stores, and what it says. */

import { type CollectionDefinition, defineCollection } from '@coffer/core'
import * as z from 'zod'

/** What the process is told to do, as JSON in its first argument. */
export interface FaultyJob {
  /** The database file. */
  readonly path: string
  /** `coffer`, or the driver by hand, by somebody who goes on after a failure. */
  readonly subject: 'coffer' | 'careless'
  /** Whether so much is written that the log is written back to the database. */
  readonly isLong: boolean
  /** Whether it dies of the first call that fails, and leaves everything as it is at that moment. */
  readonly dies: boolean
}

/** What a call was to do, as keys of records. A call that does several things does all of them or nothing. */
export interface FaultyCall {
  readonly puts: readonly string[]
  readonly deletes: readonly string[]
}

/** What the process says, one JSON text a line. */
export type FaultyWord =
  | { readonly type: 'done'; readonly call: FaultyCall }
  | { readonly type: 'failed'; readonly call: FaultyCall; readonly code: string; readonly message: string }
  | { readonly type: 'opened' }
  | { readonly type: 'not opened'; readonly code: string; readonly message: string }
  | { readonly type: 'closed' }

export interface FaultyRecord {
  readonly id: string
  readonly text: string
}

export const faultyRecords: CollectionDefinition<FaultyRecord, 'id'> = defineCollection({
  name: 'records',
  schema: z.object({ id: z.string(), text: z.string() }),
  key: 'id',
})

/** The record of a key. Some take one page, and some take several. */
export function faultyRecord(id: string): FaultyRecord {
  const number = Number(id.replace(/\D/g, ''))
  return { id, text: `${id} `.repeat(number % 3 === 0 ? 2_000 : 40) }
}

/** A record that takes more pages than may stand in the log alone. */
export function largeRecord(id: string): FaultyRecord {
  return { id, text: `${id} `.repeat(900_000) }
}

/** The record of a key as the process stored it, whatever its size. */
export function isRecordOf(id: string, record: FaultyRecord): boolean {
  return [faultyRecord(id), largeRecord(id)].some(({ text }) => text === record.text)
}

export function parseWords(said: string): readonly FaultyWord[] {
  return said
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
