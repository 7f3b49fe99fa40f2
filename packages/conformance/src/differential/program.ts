/** Programs as data, and how they are drawn: so that a failing one can be made smaller and shown. */

import fc from 'fast-check'
import type { TargetName } from './definitions.ts'

/** One step of a program. */
export type Command =
  | {
      readonly type: 'call'
      readonly target: TargetName
      readonly tenant: string | undefined
      readonly method: string
      readonly parameters: readonly unknown[]
    }
  /** All pages of a question, one after the other. */
  | {
      readonly type: 'walk'
      readonly target: TargetName
      readonly tenant: string | undefined
      readonly question: object
    }
  /** Commands in one transaction, or in a savepoint of the one they stand in. */
  | { readonly type: 'transaction'; readonly commands: readonly Command[]; readonly throws: boolean }
  /** Calls that are not waited for one by one. */
  | { readonly type: 'together'; readonly commands: readonly Command[] }
  | { readonly type: 'advance'; readonly milliseconds: number }
  | { readonly type: 'cleanup'; readonly tenant: string | undefined }
  | { readonly type: 'purge'; readonly tenant: string | undefined; readonly olderThanMs: number }

export type Program = readonly Command[]

/** Few keys, so that commands meet: with a case pair, a form C and form D pair, and both sides of U+FFFD. */
const key = fc.constantFrom('a', 'A', 'ab', 'a_', 'é', 'e\u0301', '\ufffd', '😀', '__proto__')
const tenant = fc.constantFrom(undefined, undefined, 'acme', 'Acme')
const text = fc.constantFrom('', 'a', 'A', 'ab', 'a_', 'a%', 'é', '\ufffd', '😀', 'zz')
const integer = fc.constantFrom(-1, 0, 1, 2, 10, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER)
const number = fc.constantFrom(-1.5, 0, -0, 0.1, 1, 1e21, 5e-324, -1e300)
const date = fc
  .constantFrom(-62_135_596_800_000, 0, 1, 999, 1_000, 1_767_225_600_000)
  .map((at) => new Date(at))

function perhaps<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) })
}

const record = fc.record({
  id: key,
  label: perhaps(text),
  amount: perhaps(integer),
  ratio: perhaps(number),
  open: perhaps(fc.boolean()),
  at: perhaps(date),
  tags: perhaps(fc.array(text, { maxLength: 3 })),
})

const writeOptions = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ ifVersion: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ ttlMs: fc.constantFrom(1, 500, 1_000, 3e9) }) },
  { weight: 1, arbitrary: fc.constantFrom({ ttlMs: 'keep' }, { expiresAt: null }) },
)

const fieldFilter = fc.oneof(
  fieldAsked('label', text),
  fieldAsked('amount', integer),
  fieldAsked('ratio', number),
  fieldAsked('open', fc.boolean()),
  fieldAsked('at', date),
  fieldAsked('id', key),
  text.map((prefix) => ({ label: { prefix } })),
  key.map((prefix) => ({ id: { prefix } })),
  fc
    .tuple(fc.constantFrom('hasAll', 'hasAny'), fc.array(text, { maxLength: 2 }))
    .map(([operator, values]) => ({ tags: { [operator]: values } })),
  fc.boolean().map((exists) => ({ tags: { exists } })),
  fc
    .tuple(fc.constantFrom('words', 'anyWord'), fc.constantFrom('a', 'A ab', 'zz É', 'é \ufffd'))
    .map(([operator, text]) => ({ words: { [operator]: text } })),
  fc.boolean().map((exists) => ({ words: { exists } })),
)

function fieldAsked(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return fc.oneof(
    fc
      .tuple(fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte'), value)
      .map(([operator, asked]) => ({ [name]: { [operator]: asked } })),
    fc.array(value, { maxLength: 3 }).map((values) => ({ [name]: { in: values } })),
    fc.constantFrom({ [name]: null }, { [name]: { exists: true } }, { [name]: { ne: null } }),
  )
}

const filter: fc.Arbitrary<object> = fc.letrec<{ filter: object }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fieldFilter,
    fc.array(tie('filter'), { maxLength: 2 }).map((and) => ({ and })),
    fc.array(tie('filter'), { maxLength: 2 }).map((or) => ({ or })),
    tie('filter').map((not) => ({ not })),
  ),
})).filter

const orderBy = fc.uniqueArray(
  fc.tuple(fc.constantFrom('label', 'amount', 'ratio', 'open', 'at', 'id'), fc.constantFrom('asc', 'desc')),
  { maxLength: 3, selector: ([name]) => name },
)

const question = fc
  .record({
    where: filter,
    order: orderBy,
    limit: fc.integer({ min: 1, max: 4 }),
    includeDeleted: fc.boolean(),
  })
  .map(({ where, order, ...rest }) => ({
    where,
    orderBy: order.map(([name, direction]) => ({ [name]: direction })),
    ...rest,
  }))

/** A call whose parameters are drawn. */
function call(
  target: TargetName,
  method: string,
  ...parameters: readonly fc.Arbitrary<unknown>[]
): fc.Arbitrary<Command> {
  return fc
    .record({ tenant, parameters: fc.tuple(...parameters) })
    .map((drawn) => ({ type: 'call', target, method, ...drawn }))
}

const parent = fc.record({ id: key, label: text })
const child = fc.record({ id: key, parent: key, friend: key }, { requiredKeys: ['id'] })
const entry = fc.record({
  event_id: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6'),
  kind: text,
})

/** Writes that need no read before them, so that their order is that of the calls. */
const plainWrite = fc.oneof(
  call('records', 'put', record, writeOptions),
  call('records', 'insert', record, writeOptions),
  call('records', 'putMany', fc.array(record, { maxLength: 4 }), writeOptions),
  call('records', 'insertMany', fc.array(record, { maxLength: 3 })),
  call('parents', 'put', parent, writeOptions),
  call('parents', 'insert', parent, writeOptions),
  call('children', 'put', child, writeOptions),
)

const write = fc.oneof(
  { weight: 4, arbitrary: plainWrite },
  { weight: 1, arbitrary: call('records', 'update', key, fc.record({ label: perhaps(text) }), writeOptions) },
  {
    weight: 2,
    arbitrary: call('records', 'delete', key, fc.constantFrom({}, {}, { permanent: true }, { ifVersion: 1 })),
  },
  { weight: 1, arbitrary: call('records', 'restore', key) },
  { weight: 1, arbitrary: call('records', 'deleteMany', fc.array(key, { maxLength: 3 })) },
  { weight: 1, arbitrary: call('records', 'deleteMany', filter) },
  { weight: 1, arbitrary: call('parents', 'delete', key) },
  { weight: 1, arbitrary: call('children', 'delete', key) },
  {
    weight: 1,
    arbitrary: call(
      'events',
      'append',
      fc.constantFrom('s', 'S'),
      fc.array(entry, { maxLength: 3 }),
      fc.constantFrom({}, { onDuplicate: 'skip' }),
    ),
  },
)

const measure = fc.oneof(
  fc.constant('count'),
  fc.constantFrom('label', 'tags', 'id').map((count) => ({ count })),
  fc
    .tuple(fc.constantFrom('sum', 'avg'), fc.constantFrom('amount', 'ratio'))
    .map(([kind, field]) => ({ [kind]: field })),
  fc
    .tuple(fc.constantFrom('min', 'max'), fc.constantFrom('label', 'amount', 'ratio', 'open', 'at', 'id'))
    .map(([kind, field]) => ({ [kind]: field })),
)

const term = fc.oneof(
  fc.constantFrom('label', 'amount', 'ratio', 'open', 'at', 'id'),
  fc.constantFrom(1, 999, 1_000, 86_400_000, 31_536_000_000_000).map((everyMs) => ({ field: 'at', everyMs })),
)

const aggregation = fc.record({
  where: filter,
  by: fc.uniqueArray(term, {
    maxLength: 3,
    selector: (each) => (typeof each === 'string' ? each : each.field),
  }),
  measures: fc.tuple(measure, measure).map(([a, b]) => ({ a, b })),
  includeDeleted: fc.boolean(),
})

const read = fc.oneof(
  call('records', 'getEntry', key, fc.constantFrom({}, { includeDeleted: true })),
  call('records', 'getMany', fc.array(key, { maxLength: 4 })),
  call('records', 'count', filter, fc.constantFrom({}, { includeDeleted: true })),
  call('records', 'aggregate', aggregation),
  call('records', 'findEntries', question),
  call('records', 'history', key),
  call('records', 'getAt', key, fc.record({ version: fc.integer({ min: 1, max: 4 }) })),
  call('records', 'verify'),
  call('children', 'find'),
  call('parents', 'findEntries'),
  call('events', 'head', fc.constantFrom('s', 'S')),
  call('events', 'verify', fc.constantFrom('s', 'S')),
)

const walk = fc.record({
  type: fc.constant('walk' as const),
  target: fc.constant('records' as const),
  tenant,
  question,
})

const rare = fc.oneof(
  call('records', 'clear'),
  fc.record({ type: fc.constant('cleanup' as const), tenant }),
  fc.record({ type: fc.constant('purge' as const), tenant, olderThanMs: fc.constantFrom(0, 1, 1_000) }),
)

const advance = fc.record({
  type: fc.constant('advance' as const),
  milliseconds: fc.constantFrom(1, 499, 500, 1_000, 60_000),
})

const inside = fc.oneof({ weight: 3, arbitrary: write }, { weight: 2, arbitrary: read })

function transactionOf(step: fc.Arbitrary<Command>): fc.Arbitrary<Command> {
  return fc.record({
    type: fc.constant('transaction' as const),
    commands: fc.array(step, { maxLength: 5 }),
    throws: fc.boolean(),
  })
}

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 10, arbitrary: write },
  { weight: 6, arbitrary: read },
  { weight: 3, arbitrary: walk },
  {
    weight: 2,
    arbitrary: transactionOf(
      fc.oneof({ weight: 5, arbitrary: inside }, { weight: 1, arbitrary: transactionOf(inside) }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('together' as const),
      commands: fc.array(plainWrite, { maxLength: 6 }),
    }),
  },
  { weight: 3, arbitrary: advance },
  { weight: 1, arbitrary: rare },
)

/** Programs of up to so many steps. */
export function programs(maxLength: number): fc.Arbitrary<Program> {
  return fc.array(command, { maxLength, size: 'max' })
}
