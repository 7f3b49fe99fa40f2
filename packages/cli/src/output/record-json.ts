/** Records as JSON that is the same from every backend: a backend may keep members in an order of its own. */

import { type CollectionDefinition, canonicalJson } from '@coffer/core'
import * as z from 'zod'

/** A record as it is stored: what is a `Date` in the record is an ISO 8601 timestamp in UTC. */
export function documentOf(
  record: unknown,
  { schema, isTransparent }: CollectionDefinition,
): Readonly<Record<string, unknown>> {
  return (isTransparent ? record : z.encode(schema, record)) as Readonly<Record<string, unknown>>
}

/** Members in the order of the collection's schema, and within them sorted. With `indent`, over several lines. */
export function recordJson(record: unknown, definition: CollectionDefinition, indent?: number): string {
  const { schema } = definition
  const sorted: unknown = JSON.parse(canonicalJson(documentOf(record, definition)))
  if (!(schema instanceof z.ZodObject)) return JSON.stringify(sorted, undefined, indent)
  const known = Object.keys(schema.shape).map((name): [string, unknown] => [name, undefined])
  return JSON.stringify({ ...Object.fromEntries(known), ...Object(sorted) }, undefined, indent)
}
