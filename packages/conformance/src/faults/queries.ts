/** Faults in the meaning of questions: order, filters and pages. */

import {
  compareRows,
  compareText,
  compareValues,
  type FieldValue,
  ID_FIELD,
  matches,
  type OrderTerm,
  type Predicate,
  type Sortable,
} from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { byRules, type Rules } from './requery.ts'
import { onQueries, onQuestions } from './rewrites.ts'
import { alter } from './seams.ts'

function rule(id: string, clause: string, title: string, rules: Rules): Fault {
  return { id, clause, title, plant: (backend) => alter(backend, byRules(rules)) }
}

/** A row order made from an order of values. */
function orderedBy(compare: (left: FieldValue, right: FieldValue) => number): Rules {
  return {
    compare: (left, right, order) => {
      for (const { field, direction } of order) {
        const difference = compare(fieldValueOf(left, field), fieldValueOf(right, field))
        if (difference !== 0) return direction === 'asc' ? difference : -difference
      }
      return 0
    },
  }
}

/** A meaning of filters with some kinds of condition replaced; the others, and their nesting, stay right. */
function meaning(
  replaced: (row: Sortable, predicate: Predicate, value: FieldValue) => boolean | undefined,
): Rules {
  const meets = (row: Sortable, predicate: Predicate): boolean => {
    if (predicate.type === 'and') return predicate.terms.every((term) => meets(row, term))
    if (predicate.type === 'or') return predicate.terms.some((term) => meets(row, term))
    if (predicate.type === 'not') return !meets(row, predicate.term)
    return replaced(row, predicate, fieldValueOf(row, predicate.field)) ?? matches(row, predicate)
  }
  return { matches: meets }
}

function fieldValueOf(row: Sortable, field: number): FieldValue {
  return field === ID_FIELD ? row.id : (row.fields[field] ?? null)
}

function utf16(left: FieldValue, right: FieldValue): number {
  if (typeof left !== 'string' || typeof right !== 'string') return compareValues(left, right)
  return left < right ? -1 : left > right ? 1 : 0
}

function withoutCase(left: FieldValue, right: FieldValue): number {
  if (typeof left !== 'string' || typeof right !== 'string') return compareValues(left, right)
  return compareText(left.toLowerCase(), right.toLowerCase()) || compareText(left, right)
}

function nullsLast(left: FieldValue, right: FieldValue): number {
  if (left === right) return 0
  if (left === null) return 1
  return right === null ? -1 : compareValues(left, right)
}

function asText(left: FieldValue, right: FieldValue): number {
  if (typeof left !== 'number' || typeof right !== 'number') return compareValues(left, right)
  return compareText(String(left), String(right))
}

/** The order without its tie-breaking id, where it has other terms. */
function withoutId(order: readonly OrderTerm[]): readonly OrderTerm[] {
  return order.length > 1 ? order.filter((term) => term.field !== ID_FIELD) : order
}

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

const orderFaults: readonly Fault[] = [
  rule('order-utf-16', 'K2', 'text is ordered by UTF-16 code units', orderedBy(utf16)),
  rule('order-without-case', 'K2', 'text is ordered without regard to case', orderedBy(withoutCase)),
  rule('order-nulls-last', 'V8', 'null comes last', orderedBy(nullsLast)),
  rule('order-numbers-as-text', 'V8', 'numbers are ordered as text', orderedBy(asText)),
  rule('order-nulls-first-both-ways', 'V8', 'null comes first also when the order is descending', {
    compare: (left, right, order) => {
      for (const term of order) {
        const a = fieldValueOf(left, term.field)
        const b = fieldValueOf(right, term.field)
        if ((a === null) !== (b === null)) return a === null ? -1 : 1
        const difference = compareRows(left, right, [term])
        if (difference !== 0) return difference
      }
      return 0
    },
  }),
  rule('order-ties-ascending', 'V8', 'ties of a descending order are broken upwards', {
    compare: (left, right, order) =>
      compareRows(left, right, withoutId(order)) ||
      compareText(left.id, right.id) *
        (order.length > 1 ? 1 : compareRows(left, right, order) === compareText(left.id, right.id) ? 1 : -1),
  }),
  rule('order-first-term-only', 'V8', 'only the first field of an order counts', {
    compare: (left, right, order) =>
      compareRows(left, right, order.slice(0, 1)) || compareRows(left, right, order.slice(-1)),
  }),
  rule('order-ignored', 'V8', 'rows come by key, whatever the order asked for', {
    compare: (left, right) => compareText(left.id, right.id),
  }),
]

const filterFaults: readonly Fault[] = [
  rule('filter-three-valued', 'V5', 'not of a comparison with null is unknown, as in SQL', {
    matches: (row, predicate) => threeValued(row, predicate) === true,
  }),
  rule(
    'filter-ne-matches-null',
    'V5',
    'another value than x also means no value',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'ne' && value === null ? true : undefined,
    ),
  ),
  rule(
    'filter-lt-matches-null',
    'V5',
    'null is less than every value',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison.startsWith('lt') && value === null
        ? true
        : undefined,
    ),
  ),
  rule(
    'filter-null-never-matches',
    'V5',
    'asking for null finds nothing, as = NULL in SQL',
    meaning((_row, predicate) => (predicate.type === 'null' ? false : undefined)),
  ),
  rule(
    'filter-gt-includes-equal',
    'R4',
    'greater than includes the value itself',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'gt' && value === predicate.value
        ? true
        : undefined,
    ),
  ),
  rule(
    'filter-lte-excludes-equal',
    'R4',
    'at most excludes the value itself',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'lte' && value === predicate.value
        ? false
        : undefined,
    ),
  ),
  rule(
    'filter-text-in-utf-16',
    'K2',
    'texts are compared by UTF-16 code units in filters',
    meaning((_row, predicate, value) => {
      if (predicate.type !== 'compare' || typeof value !== 'string') return undefined
      const difference = utf16(value, predicate.value)
      if (predicate.comparison === 'gt' || predicate.comparison === 'gte')
        return difference > 0 || (difference === 0 && predicate.comparison === 'gte')
      if (predicate.comparison === 'lt' || predicate.comparison === 'lte')
        return difference < 0 || (difference === 0 && predicate.comparison === 'lte')
      return undefined
    }),
  ),
  rule(
    'filter-equal-without-case',
    'K4',
    'texts that differ in case are equal in filters',
    meaning((_row, predicate, value) =>
      predicate.type === 'compare' && predicate.comparison === 'eq' && typeof value === 'string'
        ? value.toLowerCase() === String(predicate.value).toLowerCase()
        : undefined,
    ),
  ),
  rule(
    'filter-prefix-by-like',
    'K3',
    'a prefix is a LIKE pattern: _ and % stand for anything',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && typeof value === 'string'
        ? like(predicate.prefix, '').test(value)
        : undefined,
    ),
  ),
  rule(
    'filter-prefix-without-case',
    'K3',
    'a prefix is compared without regard to case',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && typeof value === 'string'
        ? value.toLowerCase().startsWith(predicate.prefix.toLowerCase())
        : undefined,
    ),
  ),
  rule(
    'filter-prefix-anywhere',
    'K3',
    'a prefix may stand anywhere in the text',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && typeof value === 'string' ? value.includes(predicate.prefix) : undefined,
    ),
  ),
  rule(
    'filter-prefix-excludes-itself',
    'K3',
    'a text that is the prefix itself does not begin with it',
    meaning((_row, predicate, value) =>
      predicate.type === 'prefix' && value === predicate.prefix && value !== '' ? false : undefined,
    ),
  ),
  rule(
    'filter-empty-in-is-all',
    'R4',
    'one of no values matches everything',
    meaning((_row, predicate) =>
      predicate.type === 'in' && predicate.values.length === 0 ? true : undefined,
    ),
  ),
  rule(
    'filter-in-first-only',
    'R4',
    'only the first of several values counts',
    meaning((_row, predicate, value) =>
      predicate.type === 'in' ? value === predicate.values[0] : undefined,
    ),
  ),
  rule(
    'filter-has-all-as-any',
    'R4',
    'one of all members is enough',
    meaning((row, predicate) =>
      predicate.type === 'hasAll' && predicate.values.length > 0
        ? matches(row, { ...predicate, type: 'hasAny' })
        : undefined,
    ),
  ),
  rule(
    'filter-has-any-as-all',
    'R4',
    'any of the members means all of them',
    meaning((row, predicate) =>
      predicate.type === 'hasAny' && predicate.values.length > 0
        ? matches(row, { ...predicate, type: 'hasAll' })
        : undefined,
    ),
  ),
  rule(
    'filter-has-within-text',
    'R4',
    'a member is found within a longer one',
    meaning((_row, predicate, value) =>
      predicate.type === 'hasAll' && Array.isArray(value)
        ? predicate.values.every((wanted) => value.some((member: string) => member.includes(wanted)))
        : undefined,
    ),
  ),
  rule('filter-or-as-and', 'R4', 'all alternatives must hold', {
    matches: function meets(row, predicate): boolean {
      if (predicate.type === 'and' || (predicate.type === 'or' && predicate.terms.length > 0))
        return predicate.terms.every((term) => meets(row, term))
      return predicate.type === 'not' ? !meets(row, predicate.term) : matches(row, predicate)
    },
  }),
  rule('filter-not-ignored', 'R4', 'not is passed over', {
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
]

const pageFaults: readonly Fault[] = [
  {
    id: 'page-skips-ties',
    clause: 'R2',
    title: 'the next page begins behind all rows that tie with the last',
    plant: (backend) =>
      alter(
        backend,
        byRules({
          compare: (left, right, order) =>
            'document' in left && 'document' in right
              ? compareRows(left, right, order)
              : compareRows(left, right, withoutId(order)),
        }),
      ),
  },
  {
    id: 'page-repeats-last',
    clause: 'R2',
    title: 'the next page begins with the last row of the page before',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, query, at)
          const before = page.rows.at(-2)
          if (page.next === undefined || before === undefined || query.order.length > 1) return page
          return { ...page, next: { ...page.next, id: before.id } }
        },
      }),
  },
  {
    id: 'page-ignores-offset',
    clause: 'R2',
    title: 'an offset is passed over',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => ({ ...query, offset: 0 })),
      ),
  },
  {
    id: 'page-offset-by-one',
    clause: 'R2',
    title: 'an offset passes over one row too many',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => ({ ...query, offset: query.offset === 0 ? 0 : query.offset + 1 })),
      ),
  },
  {
    id: 'page-one-too-many',
    clause: 'R2',
    title: 'a page has one row more than its limit',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => ({ ...query, limit: query.limit + 1 })),
      ),
  },
  {
    id: 'page-cut-at-100',
    clause: 'R2',
    title: 'a page never has more than 100 rows, and says that it was the last',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, { ...query, limit: Math.min(query.limit, 100) }, at)
          return query.limit > 100 ? { ...page, next: undefined } : page
        },
      }),
  },
  {
    id: 'page-ends-early',
    clause: 'R2',
    title: 'the first page says that there is no other',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => ({
          ...(await door.query(layout, query, at)),
          next: undefined,
        }),
      }),
  },
  {
    id: 'page-ends-late',
    clause: 'R2',
    title: 'a full page says that there is another, also when there is none',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, { ...query, withFields: true }, at)
          const last = page.rows.at(-1)
          if (page.next !== undefined || last === undefined || page.rows.length < query.limit) return page
          const terms = query.order.filter((term) => term.field !== ID_FIELD)
          return {
            ...page,
            next: { values: terms.map((term) => last.fields?.[term.field] ?? null), id: last.id },
          }
        },
      }),
  },
  {
    id: 'page-forgets-filter',
    clause: 'R2',
    title: 'pages after the first are not filtered',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => (query.after === undefined ? query : { ...query, where: undefined })),
      ),
  },
  {
    id: 'page-cursor-ignored',
    clause: 'R2',
    title: 'every page is the first',
    plant: (backend) => {
      let asked = 0
      // A walk over pages would never end.
      return alter(
        backend,
        onQueries((query) => (++asked % 50 === 0 ? query : { ...query, after: undefined })),
      )
    },
  },
  {
    id: 'page-without-fields',
    clause: 'H1',
    title: 'the fields that a question asks for are left out',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => door.query(layout, { ...query, withFields: false }, at),
      }),
  },
]

function like(pattern: string, flags: string): RegExp {
  const source = [...pattern].map((character) =>
    character === '_' ? '.' : character === '%' ? '.*' : character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'),
  )
  return new RegExp(`^${source.join('')}`, `su${flags}`)
}

export const queryFaults: readonly Fault[] = [...orderFaults, ...filterFaults, ...pageFaults]
