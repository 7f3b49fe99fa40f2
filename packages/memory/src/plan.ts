/**
 * Chooses the tree and the ranges of it that hold every row a question can be about. A plan only narrows:
 * whoever follows it checks every row against the whole question.
 */

import {
  compareValues,
  type FieldValue,
  ID_FIELD,
  type OrderTerm,
  type Position,
  type Scalar,
} from '@coffer/core/backend'
import type { Constraints } from './constraints.ts'
import {
  ABOVE,
  compareKeys,
  type KeyPart,
  type KeyRange,
  keyOf,
  rangeOf,
  type SortedTree,
  type TreeKey,
} from './sorted-tree.ts'
import type { Row, Table } from './table.ts'

/** Ranges of one tree. Of a tree with an entry per member, a row may turn up in several ranges. */
export interface Plan {
  readonly tree: SortedTree<Row>
  readonly ranges: readonly KeyRange[]
  readonly repeats: boolean
  /** How much the conditions narrow the tree down: 0 when the plan walks all rows of the tenant. */
  readonly score: number
}

/** A plan whose one range, walked in the direction, gives the rows in the order asked for. */
export interface OrderedPlan extends Plan {
  readonly reverse: boolean
}

/** A tree and the fields that it is ordered by within a tenant, the id last. */
interface Access {
  readonly tree: SortedTree<Row>
  readonly columns: readonly number[]
  readonly members: boolean
}

const SCORE = { point: 8, choices: 4, bounds: 3, bound: 2 } as const

/** The plan that narrows most; without any use of an index, the walk of the tenant's rows. */
export function planCandidates(table: Table, tenant: string, constraints: Constraints): Plan {
  let best: Plan | undefined
  for (const access of accesses(table)) {
    const plan = narrow(access, tenant, constraints)
    if (plan !== undefined && (best === undefined || plan.score > best.score)) best = plan
  }
  return best ?? { tree: table.rows, ranges: [tenantRange(tenant)], repeats: false, score: 0 }
}

/** The plan that serves an order and narrows most, or `undefined` when no tree has the order. */
export function planOrdered(
  table: Table,
  tenant: string,
  constraints: Constraints,
  order: readonly OrderTerm[],
  after: Position | undefined,
): OrderedPlan | undefined {
  let best: OrderedPlan | undefined
  for (const access of accesses(table)) {
    const reverse = servedInReverse(access.columns, constraints, order)
    if (reverse === undefined) continue
    const plan = narrow(access, tenant, constraints, true)
    const range = plan?.ranges[0]
    if (plan === undefined || range === undefined || (best !== undefined && plan.score <= best.score))
      continue
    const ranges = [
      after === undefined ? range : seek(range, access, tenant, constraints, order, after, reverse),
    ]
    best = { ...plan, ranges, reverse }
  }
  return best
}

function accesses(table: Table): readonly Access[] {
  const primary = { tree: table.rows, columns: [ID_FIELD], members: false }
  const others = table.indexes.map(({ tree, fields, members }) => ({
    tree,
    columns: [...fields, ID_FIELD],
    members,
  }))
  return [primary, ...others]
}

function tenantRange(tenant: string): KeyRange {
  return rangeOf(keyOf([tenant]))
}

/**
 * Follows the points of the leading columns, then the choices or bounds of the next one.
 *
 * @param single whether the answer must be one range, so that choices are of no use
 * @returns `undefined` for a tree that does not hold every row of the tenant, when no member is asked for
 */
function narrow(access: Access, tenant: string, constraints: Constraints, single = false): Plan | undefined {
  const { tree, columns, members } = access
  let prefix = keyOf([tenant])
  let score = 0
  for (const [position, column] of columns.entries()) {
    const constraint = constraints.get(column)
    const ofMembers = members && position === 0
    const point = constraint?.point
    if (point !== undefined && !(ofMembers && point === null)) {
      prefix += keyOf([point])
      score += SCORE.point
      continue
    }
    if (constraint?.choices !== undefined && !single) {
      const start = prefix
      const ranges = constraint.choices.map((value) => rangeOf(start + keyOf([value])))
      return { tree, ranges, repeats: ofMembers, score: score + SCORE.choices }
    }
    if (ofMembers) return undefined
    if (constraint?.from !== undefined || constraint?.to !== undefined) {
      const from = prefix + (constraint.from ?? '')
      const to = prefix + (constraint.to ?? ABOVE)
      const both = constraint.from !== undefined && constraint.to !== undefined
      const gain = both ? SCORE.bounds : SCORE.bound
      return { tree, ranges: [{ from, to }], repeats: false, score: score + gain }
    }
    break
  }
  return { tree, ranges: [rangeOf(prefix)], repeats: false, score }
}

/**
 * Whether walking a tree gives an order: forwards (false), in reverse (true), or not at all (`undefined`).
 * A field that can only have one value takes no part in either.
 */
function servedInReverse(
  columns: readonly number[],
  constraints: Constraints,
  order: readonly OrderTerm[],
): boolean | undefined {
  const isFixed = (field: number) => constraints.get(field)?.point !== undefined
  const wanted = order.filter((term) => !isFixed(term.field))
  const given = columns.filter((column) => !isFixed(column))
  if (given.length !== wanted.length) return undefined
  if (given.some((column, position) => wanted[position]?.field !== column)) return undefined
  const reverse = wanted[0]?.direction === 'desc'
  return wanted.every(({ direction }) => (direction === 'desc') === reverse) ? reverse : undefined
}

/** Moves the near end of a range to the position that the walk goes on from. */
function seek(
  range: KeyRange,
  access: Access,
  tenant: string,
  constraints: Constraints,
  order: readonly OrderTerm[],
  after: Position,
  reverse: boolean,
): KeyRange {
  const key = positionKey(access.columns, tenant, constraints, order, after)
  if (reverse) {
    const cut = key + ABOVE
    return compareKeys(cut, range.to) < 0 ? { from: range.from, to: cut } : range
  }
  return compareKeys(key, range.from) > 0 ? { from: key, to: range.to } : range
}

/**
 * The part of a tree's key that a position fixes. It ends early where the position has another value for a
 * field than the one all rows have; the rows around it are then told apart one by one.
 */
function positionKey(
  columns: readonly number[],
  tenant: string,
  constraints: Constraints,
  order: readonly OrderTerm[],
  after: Position,
): TreeKey {
  const values = new Map<number, Scalar | null>()
  let next = 0
  for (const { field } of order) {
    const value = field === ID_FIELD ? after.id : scalarOf(after.values[next++])
    const point = constraints.get(field)?.point
    if (point === undefined) values.set(field, value)
    else if (compareValues(value, point) !== 0) break
  }
  const key: KeyPart[] = [tenant]
  for (const column of columns) {
    const point = constraints.get(column)?.point
    const value = point === undefined ? values.get(column) : point
    if (value === undefined) break
    key.push(value)
  }
  return keyOf(key)
}

function scalarOf(value: FieldValue | undefined): Scalar | null {
  return typeof value === 'object' || value === undefined ? null : value
}
