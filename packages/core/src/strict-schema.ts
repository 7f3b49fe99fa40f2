/**
 * The schema that writes are held to. Zod's plain objects drop members that they do not know; a store would
 * then keep less than it was given and say nothing. Here they are refused. Objects that say themselves what
 * becomes of further members (`z.looseObject`, `catchall`) are left as they are.
 */

import * as z from 'zod'
import { definitionOf, type SchemaDefinition } from './schema-type.ts'

/** The same schema, refusing unknown members wherever a plain object stands in plain containers. */
export function strictSchema(schema: z.ZodType, seen = new Map<z.ZodType, z.ZodType>()): z.ZodType {
  const known = seen.get(schema)
  if (known !== undefined) return known
  // A schema that contains itself is left as it is where it does.
  seen.set(schema, schema)
  const parts = strictParts(definitionOf(schema), seen)
  const strict =
    parts === undefined ? schema : (z.clone(schema, { ...schema._zod.def, ...parts } as never) as z.ZodType)
  seen.set(schema, strict)
  return strict
}

function strictParts(
  definition: SchemaDefinition,
  seen: Map<z.ZodType, z.ZodType>,
): Partial<SchemaDefinition> | undefined {
  const { type, shape, element, innerType, valueType, options } = definition
  switch (type) {
    case 'object': {
      const members = Object.entries(shape ?? {}).map(([name, member]) => [name, strictSchema(member, seen)])
      return { shape: Object.fromEntries(members), catchall: definition.catchall ?? z.never() }
    }
    case 'array':
      return element && { element: strictSchema(element, seen) }
    case 'optional':
    case 'nullable':
      return innerType && { innerType: strictSchema(innerType, seen) }
    case 'record':
      return valueType && { valueType: strictSchema(valueType, seen) }
    case 'union':
      return options && { options: options.map((option) => strictSchema(option, seen)) }
    default:
      return undefined
  }
}
