/** What the workload on a simulated disk stores, and where. */

import { type BaseStore, defineCollection, defineLog, type FieldDeclaration } from '@coffer/core'
import * as z from 'zod'

/** The form of the notes. The later one has a field more and changes every record. */
export type Form = 1 | 2

const NOTE_FIELDS: Readonly<Record<Form, Readonly<Record<string, FieldDeclaration>>>> = {
  1: { author: 'index' },
  2: { author: 'index', form: 'index' },
}

function notesOf(form: Form) {
  return defineCollection({
    name: 'notes',
    schema: z.object({ id: z.string(), author: z.string(), text: z.string(), form: z.int() }),
    key: 'id',
    fields: NOTE_FIELDS[form],
    version: form,
    upgrade: form === 1 ? {} : { 1: (old) => ({ ...old, form }) },
  })
}

/** With all that a collection can keep beside its records. */
const papers = defineCollection({
  name: 'papers',
  schema: z.object({ id: z.string(), title: z.string() }),
  key: 'id',
  fields: { title: 'column' },
  softDelete: true,
  history: true,
  integrity: true,
})

/** What is moved between two of them is in neither or in both. */
const accounts = defineCollection({
  name: 'accounts',
  schema: z.object({ id: z.string(), balance: z.int() }),
  key: 'id',
})

const journal = defineLog({
  name: 'journal',
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    event: z.string(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

const definitions = {
  1: { notes: notesOf(1), papers, accounts, journal },
  2: { notes: notesOf(2), papers, accounts, journal },
} as const

export const AUTHORS = ['ada', 'grace'] as const
export const STREAMS = ['days', 'nights'] as const

/** Where a record stands: its collection and its key. */
export type Place = `${'notes' | 'papers' | 'accounts'}/${string}`

/** The collections and the log of a store, or of a transaction. */
export interface Handles extends ReturnType<typeof handlesOf> {}

export function handlesOf(store: BaseStore, form: Form) {
  const { notes } = definitions[form]
  return {
    notes: store.collection(notes),
    papers: store.collection(papers),
    accounts: store.collection(accounts),
    journal: store.log(journal),
  }
}
