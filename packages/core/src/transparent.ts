/** Tells whether a schema decodes every document that it encoded to that very document. */

import type * as z from 'zod'
import { definitionOf } from './schema-type.ts'

const LEAVES: ReadonlySet<string> = new Set([
  'string',
  'number',
  'boolean',
  'null',
  'enum',
  'literal',
  'template_literal',
  'unknown',
  'any',
  'never',
])
const CONTAINERS: ReadonlySet<string> = new Set([
  'object',
  'array',
  'record',
  'optional',
  'nullable',
  'union',
])

/**
 * True for schemas of plain JSON: no codecs, defaults or other steps that make a record differ from its
 * document. Reading such a record needs no decoding. Anything not known here is taken for a step.
 */
export function isTransparent(schema: z.ZodType, seen = new Set<z.ZodType>()): boolean {
  // A schema that contains itself adds nothing the second time.
  if (seen.has(schema)) return true
  seen.add(schema)
  const definition = definitionOf(schema)
  if (LEAVES.has(definition.type)) return true
  if (!CONTAINERS.has(definition.type)) return false
  const { shape = {}, catchall, element, innerType, keyType, valueType, options = [] } = definition
  const parts = [...Object.values(shape), catchall, element, innerType, keyType, valueType, ...options]
  return parts.every((part) => part === undefined || isTransparent(part, seen))
}
