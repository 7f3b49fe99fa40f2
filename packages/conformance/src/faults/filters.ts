/** Faults in the meaning of filters. */

import { matches, type Predicate, type Sortable } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { compareUtf16, fieldValueOf, meaning, ruleFault } from './question-rules.ts'
import { onQuestions } from './rewrites.ts'
import { alter } from './seams.ts'

/** What SQL's three-valued logic makes of a predicate: unknown where a null is compared. */
function threeValued(row: Sortable, predicate: Predicate): boolean | undefined {
  if (predicate.type === 'and' || predicate.type === 'or') {
    const results = predicate.terms.map((term) => threeValued(row, term))
    const decisive = predicate.type === 'or'
    if (results.includes(decisive)) return decisive
    return results.includes(undefined) ? undefined : !decisive
  }
  if (predicate.type === 'not') {
    const result = threeValued(row, predicate.term)
    return result === undefined ? undefined : !result
  }
  if (predicate.type !== 'null' && fieldValueOf(row, predicate.field) === null) return undefined
  return matches(row, predicate)
}

export const filterFaults: readonly Fault[] = [
  ruleFault('filter-three-valued', 'V5', 'not of a comparison with null is unknown, as in SQL', {
    matches: (row, predicate) => threeValued(row, predicate) === true,
  }),
  ruleFault(
    'filter-ne-matches-null',
    'V5',
    'another value than x also means no value',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'ne' && value === null ? true : undefined,
    ),
  ),
  ruleFault(
    'filter-lt-matches-null',
    'V5',
    'null is less than every value',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison.startsWith('lt') && value === null
        ? true
        : undefined,
    ),
  ),
  ruleFault(
    'filter-null-never-matches',
    'V5',
    'asking for null finds nothing, as = NULL in SQL',
    meaning((_row, predicate) => (predicate.type === 'null' ? false : undefined)),
  ),
  ruleFault(
    'filter-gt-includes-equal',
    'R4',
    'greater than includes the value itself',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'gt' && value === predicate.value
        ? true
        : undefined,
    ),
  ),
  ruleFault(
    'filter-lte-excludes-equal',
    'R4',
    'at most excludes the value itself',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'lte' && value === predicate.value
        ? false
        : undefined,
    ),
  ),
  ruleFault(
    'filter-text-in-utf-16',
    'K2',
    'texts are compared by UTF-16 code units in filters',
    meaning((_row, predicate, value) => {
      if (predicate.type !== 'compare' || typeof value !== 'string') return undefined
      const difference = compareUtf16(value, predicate.value)
      if (predicate.comparison === 'gt' || predicate.comparison === 'gte')
        return difference > 0 || (difference === 0 && predicate.comparison === 'gte')
      if (predicate.comparison === 'lt' || predicate.comparison === 'lte')
        return difference < 0 || (difference === 0 && predicate.comparison === 'lte')
      return undefined
    }),
  ),
  ruleFault(
    'filter-equal-without-case',
    'K4',
    'texts that differ in case are equal in filters',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'eq' && typeof value === 'string'
        ? value.toLowerCase() === String(predicate.value).toLowerCase()
        : undefined,
    ),
  ),
  ruleFault(
    'filter-prefix-by-like',
    'K3',
    'a prefix is a LIKE pattern: _ and % stand for anything',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && typeof value === 'string'
        ? like(predicate.prefix).test(value)
        : undefined,
    ),
  ),
  ruleFault(
    'filter-prefix-without-case',
    'K3',
    'a prefix is compared without regard to case',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && typeof value === 'string'
        ? value.toLowerCase().startsWith(predicate.prefix.toLowerCase())
        : undefined,
    ),
  ),
  ruleFault(
    'filter-prefix-anywhere',
    'K3',
    'a prefix may stand anywhere in the text',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && typeof value === 'string' ? value.includes(predicate.prefix) : undefined,
    ),
  ),
  ruleFault(
    'filter-prefix-excludes-itself',
    'K3',
    'a text that is the prefix itself does not begin with it',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && value === predicate.prefix && value !== '' ? false : undefined,
    ),
  ),
  ruleFault(
    'filter-empty-in-is-all',
    'R4',
    'one of no values matches everything',
    meaning((_row, predicate) =>
      predicate.type === 'in' && predicate.values.length === 0 ? true : undefined,
    ),
  ),
  ruleFault(
    'filter-in-first-only',
    'R4',
    'only the first of several values counts',
    meaning((_row, predicate, value) =>
      predicate.type === 'in' ? value === predicate.values[0] : undefined,
    ),
  ),
  ruleFault(
    'filter-has-all-as-any',
    'R4',
    'one of all members is enough',
    meaning((row, predicate) =>
      predicate.type === 'hasAll' && predicate.values.length > 0
        ? matches(row, { ...predicate, type: 'hasAny' })
        : undefined,
    ),
  ),
  ruleFault(
    'filter-has-any-as-all',
    'R4',
    'any of the members means all of them',
    meaning((row, predicate) =>
      predicate.type === 'hasAny' && predicate.values.length > 0
        ? matches(row, { ...predicate, type: 'hasAll' })
        : undefined,
    ),
  ),
  ruleFault(
    'filter-has-within-text',
    'R4',
    'a member is found within a longer one',
    meaning((_row, predicate, value) =>
      predicate.type === 'hasAll' && Array.isArray(value)
        ? predicate.values.every((wanted) => value.some((member: string) => member.includes(wanted)))
        : undefined,
    ),
  ),
  ruleFault('filter-or-as-and', 'R4', 'all alternatives must hold', {
    matches: function meets(row, predicate): boolean {
      if (predicate.type === 'and' || (predicate.type === 'or' && predicate.terms.length > 0))
        return predicate.terms.every((term) => meets(row, term))
      return predicate.type === 'not' ? !meets(row, predicate.term) : matches(row, predicate)
    },
  }),
  ruleFault('filter-not-ignored', 'R4', 'not is passed over', {
    matches: function meets(row, predicate): boolean {
      if (predicate.type === 'and') return predicate.terms.every((term) => meets(row, term))
      return predicate.type === 'not' ? meets(row, predicate.term) : matches(row, predicate)
    },
  }),
  {
    id: 'filter-ignored-in-count',
    clause: 'R4',
    title: 'a count takes no notice of the filter',
    plant: (backend) =>
      alter(backend, {
        count: (door, layout, question, at) => door.count(layout, { ...question, where: undefined }, at),
      }),
  },
  {
    id: 'filter-second-term-ignored',
    clause: 'R4',
    title: 'of several conditions only the first counts',
    plant: (backend) =>
      alter(
        backend,
        onQuestions((question, layout) =>
          question.where?.type === 'and' && !layout.name.endsWith('__history')
            ? { ...question, where: question.where.terms[0] }
            : question,
        ),
      ),
  },
  {
    id: 'question-without-filter-empty',
    clause: 'R3',
    title: 'a question without a filter finds nothing',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, query, at)
          return query.where === undefined ? { rows: [], next: undefined } : page
        },
      }),
  },
]

/** A LIKE pattern as a regular expression. */
function like(pattern: string): RegExp {
  const source = [...pattern].map((character) =>
    character === '_' ? '.' : character === '%' ? '.*' : character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'),
  )
  return new RegExp(`^${source.join('')}`, 'su')
}
