/** `--where` and `--order`: filters and orders as a person types them. */

import type { CollectionDefinition, FieldFilter, Filter, OrderBy } from '@coffer/core'
import { CommandError } from './failure.ts'

/** What `--where` takes, for the list of options. */
export const WHERE_OPTION = 'such as field=value; repeatable, all must hold'

/** What `--where` takes, in full. */
export const WHERE_HELP = `Conditions:
  field=value  field!=value  field>value  >=  <  <=
  field^=text      the text begins so
  field=null       there is no value; field!=null: there is one
  tags~=text       of many texts: one is this; again with --where: that one too
  tags|=one,two    of many texts: at least one of these is there
  content_words~=text   of words: all words of the text are there, in any order
  content_words|=text   of words: at least one word of the text is there
A shell takes > < | ! and spaces for itself: put the condition into quotes.`

type Field = CollectionDefinition['fields'][number]

const CONDITION = /^(\w+)(!=|>=|<=|\^=|~=|\|=|=|>|<)([\s\S]*)$/

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
  const [, name, operator, text] = CONDITION.exec(condition) ?? []
  if (name === undefined || operator === undefined || text === undefined) {
    throw new CommandError(
      `--where '${condition}' is no condition: write field=value, or != > >= < <=, ^= (begins with), ` +
        '~= or |= (of many texts or words: has all, has any)',
    )
  }
  const field = definition.fields.find((each) => each.name === name)
  if (field?.type === 'texts') return { [name]: askMany(field, operator, text) }
  if (operator === '~=' || operator === '|=') {
    // A name that is not known is told with those that are, when the filter is read.
    if (field === undefined && name !== definition.key) return { [name]: { has: text } }
    throw notMany(name, operator, definition)
  }
  return { [name]: { [OPERATORS[operator] as string]: comparedWith(text, name, field?.type) } }
}

/** What is asked of a field of many texts, or of words. */
function askMany({ name, words }: Field, operator: string, text: string): FieldFilter {
  if (text === 'null' && (operator === '=' || operator === '!=')) return { exists: operator === '!=' }
  if (operator === '~=') return words ? { words: text } : { has: text }
  if (operator === '|=') return words ? { anyWord: text } : { hasAny: text.split(',') }
  const [kind, all, any] = words
    ? ['is a field of words', `'${name}~=some words' (all of them)`, `'${name}|=some words' (any of them)`]
    : ['holds many texts', `${name}~=text (it is there)`, `'${name}|=one,two' (one of them is)`]
  throw new CommandError(`--where: '${name}' ${kind}: write ${all}, ${any}, ${name}=null or '${name}!=null'`)
}

function notMany(name: string, operator: string, { fields }: CollectionDefinition): CommandError {
  const many = fields.filter(({ type }) => type === 'texts').map((field) => field.name)
  const known = many.length === 0 ? 'this collection has none' : `here ${many.join(', ')}`
  return new CommandError(
    `--where: ${operator} is for fields of many texts and of words (${known}), not for '${name}'`,
  )
}

function comparedWith(text: string, field: string, type: Field['type'] | undefined) {
  if (text === 'null') return null
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
