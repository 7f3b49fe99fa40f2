import {
  comparePosition,
  compareRows,
  ID_FIELD,
  isVisible,
  matches,
  type OrderTerm,
  type Position,
  type Predicate,
  type PutOperation,
  positionOf,
  type Query,
  totalOrder,
} from '@coffer/core/backend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Engine, type Row } from '../src/engine-door.ts'
import { group, put, question, remove, things } from './memory-rows.ts'

const AT = 100
const text = fc.constantFrom('', 'a', 'ab', 'b', '\ud7ff', '\uffff', '\u{1f600}', 'a\u{1f600}', 'a\uffff')
const id = fc.constantFrom('1', '2', '3', '4', 'x\uffff', 'x\u{1f600}', 'x', 'xy')
const integer = fc.constantFrom(-3, -1, 0, 1, 2, 1e15)
const or = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const tags = fc.array(fc.constantFrom('p', 'q', 'r', '\u{1f600}'), { maxLength: 3 })
const tenant = fc.constantFrom('a', 'a\u{1f600}', 'a\uffff', 'b')

const row: fc.Arbitrary<PutOperation> = fc
  .record({
    tenant,
    id,
    fields: fc.tuple(or(text), or(integer), or(fc.boolean()), or(tags), or(integer)),
    expiresAt: fc.constantFrom(null, 99, 100, 101),
  })
  .map(({ id, ...changes }) => put(id, changes))
const operation = fc.oneof(
  { weight: 6, arbitrary: row },
  {
    weight: 1,
    arbitrary: fc
      .tuple(tenant, id, fc.constantFrom('soft' as const, 'hard' as const))
      .map(([tenant, id, mode]) => remove(id, { tenant, mode })),
  },
)

const scalarFields = [
  [0, text],
  [1, integer],
  [2, fc.boolean()],
  [4, integer],
  [ID_FIELD, id],
] as const
const comparison = fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte')
const members = fc.array(fc.constantFrom('p', 'q', '\u{1f600}', 'none'), { maxLength: 2 })
const leaf: fc.Arbitrary<Predicate> = fc.oneof(
  ...scalarFields.map(([field, value]) =>
    fc.record({ type: fc.constant('compare' as const), field: fc.constant(field), comparison, value }),
  ),
  ...scalarFields.map(([field, value]) =>
    fc.record({
      type: fc.constant('in' as const),
      field: fc.constant(field),
      values: fc.array<string | number | boolean>(value, { maxLength: 3 }),
    }),
  ),
  fc.record({ type: fc.constant('null' as const), field: fc.constantFrom(0, 1, 2, 3, 4) }),
  fc.record({ type: fc.constant('prefix' as const), field: fc.constantFrom(0, ID_FIELD), prefix: text }),
  fc.record({ type: fc.constantFrom('hasAll', 'hasAny'), field: fc.constant(3), values: members }),
)
const { where } = fc.letrec<{ where: Predicate }>((tie) => ({
  where: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({ type: fc.constant('and' as const), terms: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ type: fc.constant('or' as const), terms: fc.array(tie('where'), { maxLength: 2 }) }),
    fc.record({ type: fc.constant('not' as const), term: tie('where') }),
  ),
}))

const direction = fc.constantFrom('asc', 'desc')
const order: fc.Arbitrary<readonly OrderTerm[]> = fc
  .tuple(fc.uniqueArray(fc.constantFrom(0, 1, 2, 4), { maxLength: 3 }), direction, fc.option(direction))
  .map(([fields, first, last]) => {
    const terms = fields.map((field, index) => ({
      field,
      direction: index === fields.length - 1 ? (last ?? first) : first,
    }))
    return terms.length > 0 ? totalOrder(terms) : [{ field: ID_FIELD, direction: first }]
  })

const asked = fc
  .record({
    tenant,
    where: fc.option(where, { nil: undefined }),
    order,
    from: fc.option(row, { nil: undefined }),
    offset: fc.constantFrom(0, 0, 1, 3),
    limit: fc.integer({ min: 1, max: 8 }),
    visibility: fc.constantFrom('live', 'kept', 'any'),
  })
  .map(
    ({ from, ...query }): Query =>
      question({ ...query, after: from && positionOf(from, query.order), withFields: true }),
  )

function filled(operations: readonly (PutOperation | ReturnType<typeof remove>)[]): Engine {
  const engine = new Engine()
  engine.open([things])
  engine.write(
    operations.map((operation) => group(operation)),
    50,
  )
  return engine
}

function expected(engine: Engine, query: Query): Row[] {
  return [...engine.table(things.name).all()]
    .filter((row) => row.tenant === query.tenant && isVisible(row, query.visibility, AT))
    .filter((row) => query.where === undefined || matches(row, query.where))
    .filter((row) => query.after === undefined || comparePosition(row, query.after, query.order) > 0)
    .sort((left, right) => compareRows(left, right, query.order))
    .slice(query.offset)
}

const program = fc.array(operation, { maxLength: 40 })

test('a page holds what filtering and sorting all rows gives', () => {
  fc.assert(
    fc.property(program, fc.array(asked, { minLength: 1, maxLength: 8 }), (operations, queries) => {
      const engine = filled(operations)
      for (const query of queries) {
        const all = expected(engine, query)
        const last = all[query.limit - 1]
        const next = all.length > query.limit && last ? positionOf(last, query.order) : undefined
        const page = engine.query(things, query, AT)
        expect(page.rows).toEqual(all.slice(0, query.limit))
        expect(page.next).toEqual(next)
      }
    }),
    { numRuns: 1_500 },
  )
})

test('a count is the number of rows that match', () => {
  fc.assert(
    fc.property(program, asked, (operations, query) => {
      const engine = filled(operations)
      const all = expected(engine, { ...query, after: undefined, offset: 0 })
      expect(engine.count(things, query, AT)).toBe(all.length)
    }),
    { numRuns: 1_000 },
  )
})

test('pages followed to the end give every row once', () => {
  fc.assert(
    fc.property(program, asked, (operations, query) => {
      const engine = filled(operations)
      const whole = { ...query, after: undefined, offset: 0 }
      const rows: unknown[] = []
      let after: Position | undefined
      do {
        const page = engine.query(things, { ...whole, after }, AT)
        rows.push(...page.rows)
        after = page.next
      } while (after !== undefined)
      expect(rows).toEqual(expected(engine, whole))
    }),
  )
})

test('a row is answered without its fields unless they are asked for', () => {
  const engine = filled([put('1')])
  expect(engine.query(things, question(), AT).rows[0]).not.toHaveProperty('fields')
  expect(engine.read(things, [{ tenant: 'a', id: '1' }])[0]).not.toHaveProperty('fields')
})

test('tenants with rows are named in the order of their code points', () => {
  const engine = filled([
    put('1', { tenant: 'a\u{1f600}' }),
    put('1', { tenant: 'a\uffff' }),
    put('1'),
    put('2'),
  ])
  expect(engine.tenants(things)).toEqual(['a', 'a\uffff', 'a\u{1f600}'])
})
