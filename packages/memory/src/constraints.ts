/** What the top-level conjunction of a predicate says of each field: all that an index can make use of. */

import { compareValues, type Predicate, prefixSuccessor, type Scalar } from '@coffer/core/backend'
import { ABOVE, compareKeys, keyOf, type TreeKey } from './sorted-tree.ts'

/** The conditions on one field that must hold for every matching row. Others may have to hold as well. */
export interface Constraint {
  /** The one value that the field must have (null included), or a member that a `texts` field must have. */
  point: Scalar | null | undefined
  /** Values of which the field must have one, without repetition. For a `texts` field, members. */
  choices: readonly Scalar[] | undefined
  /** Cuts in the order of the field's encoded values between which the value must be, if anywhere. */
  from: TreeKey | undefined
  to: TreeKey | undefined
}

/** The constraints of a predicate by field. */
export type Constraints = ReadonlyMap<number, Constraint>

export function constraintsOf(where: Predicate | undefined): Constraints {
  const constraints = new Map<number, Constraint>()
  if (where !== undefined) collect(where, constraints)
  return constraints
}

function collect(predicate: Predicate, constraints: Map<number, Constraint>): void {
  if (predicate.type === 'and') {
    for (const term of predicate.terms) collect(term, constraints)
    return
  }
  if (predicate.type === 'or' || predicate.type === 'not') return
  const constraint = constraints.get(predicate.field) ?? {
    point: undefined,
    choices: undefined,
    from: undefined,
    to: undefined,
  }
  constraints.set(predicate.field, constraint)
  switch (predicate.type) {
    case 'null':
      constraint.point ??= null
      return
    case 'compare':
      constrainByComparison(constraint, predicate.comparison, predicate.value)
      return
    case 'in':
    case 'hasAny':
      constraint.choices ??= distinct(predicate.values)
      return
    case 'hasAll':
      if (predicate.values.length > 0) constraint.point ??= predicate.values[0]
      return
    case 'prefix': {
      const successor = prefixSuccessor(predicate.prefix)
      raise(constraint, keyOf([predicate.prefix]))
      if (successor !== undefined) lower(constraint, keyOf([successor]))
      return
    }
  }
}

type Comparison = Extract<Predicate, { type: 'compare' }>['comparison']

function constrainByComparison(constraint: Constraint, comparison: Comparison, value: Scalar): void {
  switch (comparison) {
    case 'eq':
      constraint.point ??= value
      return
    case 'ne':
      return
    case 'gt':
      raise(constraint, keyOf([value]) + ABOVE)
      return
    case 'gte':
      raise(constraint, keyOf([value]))
      return
    case 'lt':
      raise(constraint, keyOf([null]) + ABOVE)
      lower(constraint, keyOf([value]))
      return
    case 'lte':
      raise(constraint, keyOf([null]) + ABOVE)
      lower(constraint, keyOf([value]) + ABOVE)
      return
  }
}

function raise(constraint: Constraint, from: TreeKey): void {
  if (constraint.from === undefined || compareKeys(from, constraint.from) > 0) constraint.from = from
}

function lower(constraint: Constraint, to: TreeKey): void {
  if (constraint.to === undefined || compareKeys(to, constraint.to) < 0) constraint.to = to
}

function distinct(values: readonly Scalar[]): readonly Scalar[] {
  const sorted = [...values].sort(compareValues)
  return sorted.filter((value, index) => index === 0 || compareValues(value, sorted[index - 1] ?? null) !== 0)
}
