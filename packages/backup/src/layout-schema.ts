/** Layouts as an archive holds them: checked as if a stranger had written them. */

import type { HeldLayout, Layout } from '@coffer/core'
import * as z from 'zod'

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,57}$/
const name = z.string().regex(NAME)
const text = z
  .string()
  .min(1)
  .max(1_024)
  .refine((value) => value.isWellFormed() && !value.includes('\0'))

/** A layout; `history` has no place in it. */
export const layoutSchema = z
  .strictObject({
    name,
    fields: z
      .array(
        z.strictObject({
          name,
          type: z.enum(['text', 'integer', 'number', 'boolean', 'timestamp', 'texts']),
          nullable: z.boolean(),
          source: z.array(text).max(100).optional(),
        }),
      )
      .max(1_000),
    indexes: z.array(z.array(z.int().min(0)).min(1)).max(1_000),
    documentColumns: z.array(text).max(1_000),
    appendOnly: z.boolean(),
    schemaVersion: z.int().min(1),
  })
  .refine(({ fields }) => isDistinct(fields.map((field) => field.name)), 'two fields of one name')
  .refine(
    ({ fields, indexes }) =>
      indexes.every((index) => {
        const types = index.map((position) => fields[position]?.type)
        return (
          isDistinct(index) && !types.includes(undefined) && (index.length === 1 || !types.includes('texts'))
        )
      }),
    'an index on fields that can have none',
  )

function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}

/** The part of a layout that is written. */
export type WrittenLayout = z.output<typeof layoutSchema>

/** What is written of a layout. */
export function writtenLayout({
  name,
  fields,
  indexes,
  documentColumns,
  appendOnly,
  schemaVersion,
}: Layout): WrittenLayout {
  return {
    name,
    fields: fields.map(({ name, type, nullable, source }) => ({
      name,
      type,
      nullable,
      ...(source !== undefined && { source: [...source] }),
    })),
    indexes: indexes.map((index) => [...index]),
    documentColumns: [...documentColumns],
    appendOnly,
    schemaVersion,
  }
}

/** The layout that was written. */
export function heldLayout(layout: WrittenLayout, stale: boolean): HeldLayout {
  return { layout: { ...layout, history: undefined }, stale }
}
