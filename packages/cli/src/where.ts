/** `--where` and `--order`: filters and orders as a person types them. */

import type { CollectionDefinition, Filter, OrderBy } from '@coffer/core'
import { CommandError } from './failure.ts'

const CONDITION = /^(\w+)(!=|>=|<=|\^=|=|>|<)([\s\S]*)$/

const OPERATORS: Readonly<Record<string, string>> = {
  '=': 'eq',
  '!=': 'ne',
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
  '^=': 'prefix',
}

/** All of the conditions must hold. `null` asks for fields without a value. */
export function parseWhere(conditions: readonly string[], definition: CollectionDefinition): Filter {
  if (conditions.length === 0) return {}
  // The type of filters on any field at all leaves no room for its own words.
  return { and: conditions.map((condition) => parseCondition(condition, definition)) } as object as Filter
}

function parseCondition(condition: string, definition: CollectionDefinition): Filter {
  const [, field, operator, text] = CONDITION.exec(condition) ?? []
  if (field === undefined || operator === undefined || text === undefined) {
    throw new CommandError(
      `--where '${condition}' is no condition: write field=value, or != > >= < <= ^= (begins with)`,
    )
  }
  return { [field]: { [OPERATORS[operator] as string]: comparedWith(text, field, definition) } }
}

function comparedWith(text: string, field: string, definition: CollectionDefinition) {
  if (text === 'null') return null
  const type = definition.fields.find(({ name }) => name === field)?.type
  if (type === 'integer' || type === 'number') return numberOf(text, field)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function numberOf(text: string, field: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new CommandError(`--where: '${field}' is compared with a number, not with '${text}'`)
}

/** `field`, or `field:desc`; several by commas. */
export function parseOrder(order: string): OrderBy {
  return order.split(',').map((term) => {
    const [field = '', direction = 'asc', ...rest] = term.split(':')
    if (field !== '' && rest.length === 0 && (direction === 'asc' || direction === 'desc')) {
      return { [field]: direction }
    }
    throw new CommandError(`--order '${term}' is no order: write field or field:desc`)
  })
}
