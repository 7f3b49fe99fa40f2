/**
 * Aggregates of PostgreSQL. Its `numeric` adds without rounding, so an exact sum is one of the right decimal forms.
 */

import type { AggregateDialect } from './dialect.ts'

export const postgresAggregates: AggregateDialect = {
  source: (table, sumsNumbers) => (sumsNumbers ? `${SHORTEST_FORMS} CROSS JOIN ${table}` : table),
  milliseconds: (parameter) => `${parameter}::bigint`,
  sum: (column, type) => `sum(${type === 'number' ? decimalForm(column) : column})`,
  min: (column, type) => `${type === 'boolean' ? 'bool_and' : 'min'}(${column})`,
  max: (column, type) => `${type === 'boolean' ? 'bool_or' : 'max'}(${column})`,
}

/**
 * The text of a number is its shortest form only under this setting, which a caller's connection may have
 * otherwise. It lasts until the transaction ends, and is there before the first row is.
 */
const SHORTEST_FORMS = `(SELECT set_config('extra_float_digits', '1', true) AS "_setting") AS "_settings"`

/** From here on a decimal can lie in the very middle between two numbers. */
const FIRST_GAP = '9007199254740992'
/** And from here on a short one no longer does: 2^54 times 5^23 and what else 17 digits can hold is less. */
const LAST_GAP = '1e40'

/**
 * The shortest decimal that is read as the number. PostgreSQL does not count one that lies in the very middle
 * between two numbers, although reading it rounds to the even one: it writes 9.999999999999999e+22 for 1e+23. Such
 * a form has 15 digits, to which a cast to `numeric` rounds, or 16. No field has a name that begins with `_`.
 */
function decimalForm(column: string): string {
  const text = `${column}::text::numeric`
  const reads = (form: string) => `WHEN (${form})::float8 = ${column} THEN ${form}`
  const shorter = [`${column}::numeric`, 'round("_form", 16 - "_digits")', 'trunc("_form", 16 - "_digits")']
    .map(reads)
    .join(' ')
  const digits = `(SELECT ${text} AS "_form", length(trunc(abs(${text}))::text) AS "_digits") AS "_forms"`
  const isPlain = `abs(${column}) < ${FIRST_GAP} OR abs(${column}) >= ${LAST_GAP}`
  return `CASE WHEN ${isPlain} THEN ${text} ELSE (SELECT CASE ${shorter} ELSE "_form" END FROM ${digits}) END`
}
