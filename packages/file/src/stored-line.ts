/** Checks what a line says, once its checksum is right: a line that was never written by a store is damage too. */

import type { FieldValue, Layout } from '@coffer/core/backend'
import * as z from 'zod'
import type { ChangeEntry } from './record.ts'

const count = z.int().min(0)

const fieldTypes = ['text', 'integer', 'number', 'boolean', 'timestamp', 'texts'] as const

/** What has no history is written without the member. */
const layout: z.ZodType<Layout> = z
  .object({
    name: z.string(),
    fields: z.array(
      z.object({
        name: z.string(),
        type: z.enum(fieldTypes),
        nullable: z.boolean(),
        source: z.array(z.string()).optional(),
      }),
    ),
    indexes: z.array(z.array(z.int())),
    documentColumns: z.array(z.string()),
    appendOnly: z.boolean(),
    history: z.lazy(() => layout).optional(),
    schemaVersion: z.int(),
  })
  .transform((parsed) => ({ ...parsed, history: parsed.history }))

export const layouts = z.array(layout)

export const logHeader = z.object({
  coffer: z.literal('log'),
  format: z.int().min(1),
  number: z.int().min(1),
  lock: z.int().min(1),
  follows: z.object({ log: count, end: count, commit: count }).nullable(),
  replaces: z.literal(true).optional(),
})

export const snapshotHeader = z.object({
  coffer: z.literal('snapshot'),
  format: z.int().min(1),
  number: z.int().min(1),
  commit: count,
  replaces: z.int().min(1).optional(),
})

export const snapshotLayouts = z.object({ layouts, stale: z.array(z.string()) })

export const snapshotFloor = z.object({ floor: count, of: z.string(), tenant: z.string() })

export const snapshotEnd = z.object({ end: z.literal(true), rows: count, floors: count })

/** Looked at by hand: a schema would take longer than all the rest of opening. */
export function isChange(value: unknown): value is ChangeEntry {
  if (!isObject(value) || typeof value.tenant !== 'string' || typeof value.id !== 'string') return false
  if (typeof value.remove === 'string') return isCount(value.floor)
  return (
    typeof value.put === 'string' &&
    isCount(value.version) &&
    isCount(value.schema) &&
    isInstant(value.created) &&
    isInstant(value.updated) &&
    (value.expires === undefined || isInstant(value.expires)) &&
    (value.deleted === undefined || isInstant(value.deleted)) &&
    (value.hash === undefined || typeof value.hash === 'string') &&
    (value.floor === undefined || isCount(value.floor)) &&
    Array.isArray(value.fields) &&
    value.fields.every(isFieldValue)
  )
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isInstant(value: unknown): boolean {
  return Number.isSafeInteger(value)
}

function isFieldValue(value: unknown): value is FieldValue {
  if (value === null) return true
  if (typeof value === 'object')
    return Array.isArray(value) && value.every((each) => typeof each === 'string')
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** What a writer leaves in the lock when it closes the directory in order. */
export const closing = z.object({ log: z.int().min(1), end: count, commit: count })
