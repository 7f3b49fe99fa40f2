/** The filter language: what a user writes, checked and turned into a predicate. */

import { invalid, type StoreError } from './errors.ts'
import { DESCRIPTIONS, type Field } from './field.ts'
import { ID_FIELD } from './layout.ts'
import { sortedTexts } from './order.ts'
import type { Comparison, Predicate, Scalar } from './predicate.ts'
import { isStorableText } from './text.ts'
import { isInstant, parseInstant } from './time.ts'
import { addWords } from './words.ts'

/** A value to compare with. Timestamps are a `Date` or ISO 8601 text. */
export type FilterValue = string | number | boolean | Date

/**
 * What is asked of one field; several operators must all hold. A comparison, `ne` included, never matches
 * a record whose field is absent or null; `null` and `exists` ask for that.
 */
export interface FieldFilter {
  readonly eq?: FilterValue | null
  /** A value, and another one. */
  readonly ne?: FilterValue | null
  readonly gt?: FilterValue
  readonly gte?: FilterValue
  readonly lt?: FilterValue
  readonly lte?: FilterValue
  readonly in?: readonly FilterValue[]
  /** Text that begins so, byte by byte. */
  readonly prefix?: string
  /** Whether the field has a value that is not null. */
  readonly exists?: boolean
  /** A field of many texts: has this one. */
  readonly has?: string
  /** A field of many texts: has all of these. */
  readonly hasAll?: readonly string[]
  /** A field of many texts: has at least one of these. */
  readonly hasAny?: readonly string[]
  /** A field of words: has all the words of this text, in whatever order and case. */
  readonly words?: string
  /** A field of words: has at least one of the words of this text. */
  readonly anyWord?: string
}

/**
 * Which records are meant: a value or operators for each declared field, all of which must hold, and
 * `and`, `or`, `not` around more of the same. The record's key can be asked by its member's name. `{}` is
 * every record.
 */
export type Filter<F extends string = string> = {
  readonly [K in F]?: FilterValue | null | FieldFilter
} & {
  readonly and?: readonly Filter<F>[]
  readonly or?: readonly Filter<F>[]
  readonly not?: Filter<F>
}

/** Where a filter is read: the fields it may name. */
export interface FilterScope {
  readonly name: string
  readonly key: string
  readonly fields: readonly Field[]
}

/** The deepest nesting and the most conditions of a filter: bounds what an engine has to plan. */
const MAX_CONDITIONS = 1_000
const MAX_FILTER_DEPTH = 32
/** The most values of one `in`, `hasAll` or `hasAny`. */
const MAX_VALUES = 10_000
/** The most different words of one `words` or `anyWord`: an engine may hold each against each of a record's. */
const MAX_WORDS = 1_000

/** Reads a filter; `undefined` when it means every record. Anything unknown in it is refused by name. */
export function parseFilter(filter: unknown, scope: FilterScope): Predicate | undefined {
  const budget = { left: MAX_CONDITIONS }
  const terms = parseTerms(filter, scope, budget, 1)
  return terms.length <= 1 ? terms[0] : { type: 'and', terms }
}

/** True or false for a predicate that says so of every row alike, else `undefined`. */
export function constantOf(predicate: Predicate): boolean | undefined {
  switch (predicate.type) {
    case 'and':
    case 'or': {
      const deciding = predicate.type === 'or'
      const constants = predicate.terms.map(constantOf)
      if (constants.includes(deciding)) return deciding
      return constants.includes(undefined) ? undefined : !deciding
    }
    case 'not': {
      const constant = constantOf(predicate.term)
      return constant === undefined ? undefined : !constant
    }
    case 'in':
    case 'hasAny':
      return predicate.values.length === 0 ? false : undefined
    default:
      return undefined
  }
}

interface Budget {
  left: number
}

function parseTerms(filter: unknown, scope: FilterScope, budget: Budget, depth: number): Predicate[] {
  if (!isPlainObject(filter)) throw invalid(`${scope.name}: a filter is an object of fields and conditions`)
  if (depth > MAX_FILTER_DEPTH)
    throw invalid(`${scope.name}: a filter is nested deeper than ${MAX_FILTER_DEPTH} levels`)
  return Object.entries(filter).flatMap(([name, asked]) => {
    if (--budget.left < 0) throw invalid(`${scope.name}: a filter has more than ${MAX_CONDITIONS} conditions`)
    if (asked === undefined)
      throw invalid(`${scope.name}: filter ${quote(name)} is undefined; leave it out or ask for null`)
    const isWord = name === 'and' || name === 'or' || name === 'not'
    return isWord ? [parseWord(name, asked, scope, budget, depth)] : parseField(name, asked, scope)
  })
}

function parseWord(
  word: 'and' | 'or' | 'not',
  asked: unknown,
  scope: FilterScope,
  budget: Budget,
  depth: number,
): Predicate {
  if (word === 'not') return { type: 'not', term: all(parseTerms(asked, scope, budget, depth + 1)) }
  if (!Array.isArray(asked)) throw invalid(`${scope.name}: filter '${word}' takes an array of filters`)
  return { type: word, terms: asked.map((each) => all(parseTerms(each, scope, budget, depth + 1))) }
}

function all(terms: Predicate[]): Predicate {
  return terms.length === 1 ? (terms[0] as Predicate) : { type: 'and', terms }
}

/** A field that a filter or an order names. */
export interface FoundField extends Pick<Field, 'type' | 'words'> {
  readonly position: number
}

/** Finds a field by its name, or refuses the name with those that are known. */
export function findField(name: string, scope: FilterScope): FoundField {
  const position = scope.fields.findIndex((field) => field.name === name)
  if (name === scope.key) return { position: ID_FIELD, type: 'text', words: false }
  const field = scope.fields[position]
  if (field !== undefined) return { position, type: field.type, words: field.words }
  const known = [...new Set([scope.key, ...scope.fields.map((each) => each.name)])].join(', ')
  throw invalid(`${scope.name}: unknown field ${quote(name)}; declared are ${known}`)
}

function parseField(name: string, asked: unknown, scope: FilterScope): Predicate[] {
  const { position, type, words } = findField(name, scope)
  const target: Target = { field: position, type, words, where: `${scope.name}: filter '${name}'` }
  if (!isPlainObject(asked)) return [equality(target, asked)]
  const entries = Object.entries(asked)
  if (entries.length === 0)
    throw invalid(`${target.where} asks nothing; known operators are ${operatorsOf(target).join(', ')}`)
  return entries.map(([operator, value]) => parseOperator(target, operator, value))
}

interface Target {
  readonly field: number
  readonly type: Field['type']
  readonly words: boolean
  readonly where: string
}

const WORD_OPERATORS = ['words', 'anyWord', 'exists']
const OPERATORS = [
  ...['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'prefix', 'exists', 'has', 'hasAll', 'hasAny'],
  ...['words', 'anyWord'],
]

function operatorsOf({ words }: Target): readonly string[] {
  return words ? WORD_OPERATORS : OPERATORS
}

function parseOperator(target: Target, operator: string, value: unknown): Predicate {
  const { field, where } = target
  if (value === undefined) throw invalid(`${where}: '${quoteless(operator)}' is undefined`)
  if (target.words && !WORD_OPERATORS.includes(operator)) throw notOfWords(target)
  switch (operator) {
    case 'eq':
      return equality(target, value)
    case 'ne':
      return value === null ? { type: 'not', term: { type: 'null', field } } : comparison(target, 'ne', value)
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return comparison(target, operator, value)
    case 'in':
      return { type: 'in', field, values: list(target, operator, value).map((each) => scalar(target, each)) }
    case 'prefix':
      return { type: 'prefix', field, prefix: prefixText(target, value) }
    case 'exists':
      return existence(target, value)
    case 'has':
      return { type: 'hasAll', field, values: [member(target, value)] }
    case 'hasAll':
    case 'hasAny':
      return {
        type: operator,
        field,
        values: list(target, operator, value).map((each) => member(target, each)),
      }
    case 'words':
      return { type: 'hasAll', field, values: wordsAsked(target, operator, value) }
    case 'anyWord':
      return { type: 'hasAny', field, values: wordsAsked(target, operator, value) }
    default:
      throw invalid(`${where}: unknown operator ${quote(operator)}; known are ${OPERATORS.join(', ')}`)
  }
}

function equality(target: Target, value: unknown): Predicate {
  return value === null ? { type: 'null', field: target.field } : comparison(target, 'eq', value)
}

function comparison(target: Target, comparison: Comparison, value: unknown): Predicate {
  return { type: 'compare', field: target.field, comparison, value: scalar(target, value) }
}

function existence(target: Target, value: unknown): Predicate {
  if (typeof value !== 'boolean') throw invalid(`${target.where}: 'exists' takes true or false`)
  const absent: Predicate = { type: 'null', field: target.field }
  return value ? { type: 'not', term: absent } : absent
}

function prefixText(target: Target, value: unknown): string {
  if (target.type !== 'text') throw invalid(`${target.where}: 'prefix' needs a field of text`)
  return scalar(target, value) as string
}

function list(target: Target, operator: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${target.where}: '${operator}' takes an array`)
  if (value.length > MAX_VALUES)
    throw invalid(`${target.where}: '${operator}' takes at most ${MAX_VALUES} values`)
  return value
}

function member(target: Target, value: unknown): string {
  if (target.type !== 'texts')
    throw invalid(`${target.where}: 'has', 'hasAll' and 'hasAny' need a field of many texts`)
  if (typeof value === 'string' && isStorableText(value)) return value
  throw invalid(`${target.where} takes texts, without NUL or lone surrogates`)
}

function wordsAsked(target: Target, operator: string, value: unknown): readonly string[] {
  const { where } = target
  if (!target.words) throw invalid(`${where}: '${operator}' needs a field of words, declared as type 'words'`)
  if (typeof value !== 'string' || !isStorableText(value))
    throw invalid(`${where}: '${operator}' takes text, without NUL or lone surrogates`)
  const words = new Set<string>()
  addWords(value, words, MAX_WORDS)
  if (words.size === 0)
    throw invalid(`${where}: '${operator}' has no word in its text; give at least one letter or digit`)
  if (words.size > MAX_WORDS)
    throw invalid(`${where}: '${operator}' takes at most ${MAX_WORDS} different words`)
  // An engine may look for the first and then through what it found: longer words are rarer.
  return sortedTexts(words).toSorted((left, right) => right.length - left.length)
}

function notOfWords({ where }: Target): StoreError {
  return invalid(`${where} is a field of words: ask it with ${WORD_OPERATORS.join(', ')}`)
}

function scalar(target: Target, value: unknown): Scalar {
  if (target.words) throw notOfWords(target)
  if (target.type === 'texts') {
    throw invalid(`${target.where} is a field of many texts: ask it with has, hasAll, hasAny or exists`)
  }
  const converted = CONVERSIONS[target.type](value)
  if (converted === undefined) throw invalid(`${target.where} takes ${DESCRIPTIONS[target.type]}`)
  return converted
}

const CONVERSIONS: Readonly<Record<Exclude<Field['type'], 'texts'>, (value: unknown) => Scalar | undefined>> =
  {
    text: (value) => (typeof value === 'string' && isStorableText(value) ? value : undefined),
    integer: (value) => (Number.isSafeInteger(value) ? (value as number) + 0 : undefined),
    number: (value) => (Number.isFinite(value) ? (value as number) + 0 : undefined),
    boolean: (value) => (typeof value === 'boolean' ? value : undefined),
    timestamp: (value) => {
      if (typeof value === 'string') return parseInstant(value)
      if (!(value instanceof Date)) return undefined
      return isInstant(value.getTime()) ? value.getTime() : undefined
    },
  }

/** True for an object that is nothing but its members. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A caller's name in a message: cut, and on one line. */
function quote(name: string): string {
  return `'${quoteless(name)}'`
}

function quoteless(name: string): string {
  return JSON.stringify(name.slice(0, 60)).slice(1, -1)
}
