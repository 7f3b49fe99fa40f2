/** Records as JSON that is the same from every backend: a backend may keep members in an order of its own. */

import { type CollectionDefinition, canonicalJson } from '@coffer/core'
import * as z from 'zod'

/** Members in the order of the collection's schema, and within them sorted. With `indent`, over several lines. */
export function recordJson(record: unknown, { schema }: CollectionDefinition, indent?: number): string {
  const sorted: unknown = JSON.parse(canonicalJson(record))
  if (!(schema instanceof z.ZodObject)) return JSON.stringify(sorted, undefined, indent)
  const known = Object.keys(schema.shape).map((name): [string, unknown] => [name, undefined])
  return JSON.stringify({ ...Object.fromEntries(known), ...Object(sorted) }, undefined, indent)
}
