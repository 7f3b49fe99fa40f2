/** What is stored while processes are killed, and its definitions, which change from generation to generation. */

import { defineCollection, defineLog, type FieldDeclaration } from '@coffer/core'
import * as z from 'zod'

/** Lengths of texts: most are short, some are longer than a page, and a few longer than any buffer. */
const LONG_TEXT_BYTES = 5_000
const VERY_LONG_TEXT_BYTES = 70_000
const LONG_EVERY = 97
const VERY_LONG_EVERY = 1_499

/** Definitions have this many forms that differ in fields and indexes; later ones only in their version. */
const FORMS: readonly Readonly<Record<string, FieldDeclaration>>[] = [
  { owner: 'index' },
  { owner: 'index', form: 'index' },
  { owner: 'index', form: 'index', value: 'column' },
  { owner: 'index', form: 'index', value: 'index' },
]

/** From this generation on the form is an index field. */
export const INDEXED_FORM = 2

const thing = z.object({
  id: z.string(),
  owner: z.string(),
  value: z.int(),
  text: z.string(),
  /** The generation of the definition that the document was written or upgraded for. */
  form: z.int(),
})

export type ThingRecord = z.output<typeof thing>

/** The definition of things as it is in a generation, from 1. Each asks for all documents to be written anew. */
export function thingsOf(generation: number) {
  const fields = FORMS[Math.min(generation, FORMS.length) - 1] ?? {}
  const versions = Array.from({ length: generation - 1 }, (_, index) => index + 1)
  return defineCollection({
    name: 'things',
    schema: thing,
    key: 'id',
    fields,
    indexes: generation > FORMS.length ? [['owner', 'value']] : [],
    integrity: true,
    version: generation,
    upgrade: Object.fromEntries(
      versions.map((version) => [version, (old: object) => ({ ...old, form: version + 1 })]),
    ),
  })
}

/** What `thingsOf` makes. A store knows one of them. */
export type ThingsDefinition = ReturnType<typeof thingsOf>

/** An account that is not there holds nothing. */
export const accounts = defineCollection({
  name: 'accounts',
  schema: z.object({ id: z.string(), balance: z.int() }),
  key: 'id',
  integrity: true,
})

export const journal = defineLog({
  name: 'journal',
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    caller: z.int(),
    step: z.int(),
    part: z.int(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

export const ACCOUNTS: readonly string[] = Array.from({ length: 12 }, (_, index) => `account-${index}`)
export const STREAMS: readonly string[] = ['stream-0', 'stream-1']

/** The text that goes with a value, so that a record made of two is noticed. */
export function textOf(id: string, value: number): string {
  const unit = `${id} ${value} é€😀 `
  if (value % VERY_LONG_EVERY === 0) return unit.repeat(Math.ceil(VERY_LONG_TEXT_BYTES / unit.length))
  if (value % LONG_EVERY === 0) return unit.repeat(Math.ceil(LONG_TEXT_BYTES / unit.length))
  return unit.repeat(1 + (value % 4))
}
