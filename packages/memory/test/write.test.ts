import { HISTORY, isStoreError, type Layout } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { Engine } from '../src/engine-door.ts'
import { group, labelled, put, question, remove, things } from './memory-rows.ts'

const key = (id: string) => ({ tenant: 'a', id })

function opened(...layouts: Layout[]): Engine {
  const engine = new Engine()
  engine.open(layouts)
  return engine
}

function contents(engine: Engine, layout: Layout) {
  const table = engine.table(layout.name)
  return {
    rows: [...table.all()],
    indexes: table.indexes.map(({ tree }) => tree.toArray()),
    expiring: table.expiring.toArray(),
    deleted: table.deleted.toArray(),
    floors: table.floors.toArray(),
  }
}

test('a group refused at a later operation leaves rows, indexes and floors as they were', () => {
  const engine = opened(things)
  engine.write([group(put('x', { fields: ['p', 1, true, ['t', 'u'], 3], expiresAt: 9 }))], 1)
  const before = contents(engine, things)
  const refused = group(
    put('x', { fields: ['q', 2, null, ['u', 'v'], 4] }),
    remove('x'),
    put('y'),
    remove('y', { mode: 'soft' }),
    put('z', { condition: { type: 'present' } }),
  )
  expect(engine.write([refused], 2)).toEqual([{ ok: false, code: 'NOT_FOUND', index: 4, check: false }])
  expect(contents(engine, things)).toEqual(before)
})

test('a failed reference check undoes its group and no other', () => {
  const engine = opened(things)
  const check = {
    type: 'unreferenced',
    layout: things,
    target: things,
    tenant: 'a',
    field: 0,
    value: 'x',
  } as const
  const groups = [
    group(put('x'), labelled('y', 'x')),
    { operations: [remove('x')], checks: [check] },
    { operations: [put('z')], checks: [{ type: 'live', layout: things, ...key('gone') } as const] },
    { operations: [remove('y'), remove('x')], checks: [check] },
  ]
  expect(engine.write(groups, 1).map(({ ok }) => ok)).toEqual([true, false, false, true])
  expect(contents(engine, things).rows).toEqual([])
})

test('an append-only layout takes inserts and refuses all else, and nothing of the call happens', () => {
  const log: Layout = { ...things, name: 'log', appendOnly: true }
  const engine = opened(log)
  const insert = (id: string) => group(put(id, { layout: log, condition: { type: 'absent' }, expiresAt: 5 }))
  engine.write([insert('1')], 1)
  const before = contents(engine, log)
  const refusals = [
    () => engine.write([insert('2'), group(put('1', { layout: log }))], 2),
    () => engine.write([group(remove('1', { layout: log }))], 2),
    () => engine.write([insert('1')], 6),
    () => engine.sweep(log, { type: 'expired', tenant: undefined }, 10, 6),
  ]
  for (const refusal of refusals)
    expect(refusal).toThrow(expect.toSatisfy((e) => isStoreError(e, 'UNSUPPORTED')))
  expect(contents(engine, log)).toEqual(before)
})

test('a sweep stops at its limit, tells what is left and keeps versions from restarting', () => {
  const engine = opened(things)
  const doomed = ['1', '2', '3'].map((id) => group(put(id, { expiresAt: 10 })))
  engine.write([...doomed, group(put('later', { expiresAt: 11 })), group(put('ever'))], 1)
  engine.write([group(put('4', { tenant: 'b', expiresAt: 10 }))], 1)
  const expired = { type: 'expired', tenant: undefined } as const
  expect(engine.sweep(things, expired, 2, 10)).toEqual({ removed: 2, more: true })
  expect(engine.sweep(things, { ...expired, tenant: 'a' }, 1, 10)).toEqual({ removed: 1, more: false })
  expect(engine.sweep(things, expired, 2, 10)).toEqual({ removed: 1, more: false })
  expect(contents(engine, things).rows.map(({ id }) => id)).toEqual(['ever', 'later'])
  expect(engine.write([group(put('1'))], 11)).toEqual([
    { ok: true, applied: [{ version: 2, existed: false }] },
  ])
})

test('a sweep of deleted rows goes up to and including the instant', () => {
  const engine = opened(things)
  engine.write([group(put('1'), remove('1', { mode: 'soft' }))], 5)
  engine.write([group(put('2'), remove('2', { mode: 'soft' }))], 6)
  const sweep = { type: 'deleted', deletedBefore: 5, tenant: undefined } as const
  expect(engine.sweep(things, sweep, 9, 9)).toEqual({ removed: 1, more: false })
  expect(contents(engine, things).rows.map(({ id }) => id)).toEqual(['2'])
})

test('history has a row per accepted write and goes when its record is erased', () => {
  const history: Layout = {
    ...things,
    name: 'things__history',
    fields: [
      { name: 'key', type: 'text', nullable: false },
      { name: 'version_of_key', type: 'integer', nullable: false },
      { name: 'changed_at', type: 'timestamp', nullable: false },
      { name: 'change', type: 'text', nullable: false },
    ],
    indexes: [[HISTORY.key, HISTORY.version]],
  }
  const layout = { ...things, history }
  const engine = opened(layout, history)
  const ofX = { layout, ...key('x') }
  engine.write([group(put('x', { layout })), group(put('x', { layout, condition: { type: 'absent' } }))], 1)
  engine.write([group(remove('x', { layout, mode: 'soft' })), group({ type: 'restore', ...ofX })], 2)
  engine.write([group(remove('x', { layout })), group(put('y', { layout }))], 3)
  const changes = contents(engine, history).rows.map(({ fields }) =>
    fields.slice(0, 2).concat(fields[3] ?? null),
  )
  expect(changes).toEqual([
    ['x', 1, 'put'],
    ['x', 2, 'delete'],
    ['x', 3, 'restore'],
    ['x', 4, 'delete'],
    ['y', 5, 'put'],
  ])
  engine.write([group(remove('x', { layout, mode: 'erase' }))], 4)
  expect(contents(engine, history).rows.map(({ fields }) => fields[0])).toEqual(['y'])
})

test('a layout of another form keeps rows and versions, and is named until it is rewritten', () => {
  const engine = opened(things)
  engine.write([group(labelled('x', 'p', 7))], 1)
  const [, count, , tags] = things.fields
  if (count === undefined || tags === undefined) throw new Error('the layout has these fields')
  const changed = { ...things, fields: [tags, count], indexes: [[1]] }
  expect(engine.open([changed])).toEqual(['things'])
  const where = { type: 'compare', field: 1, comparison: 'eq', value: 7 } as const
  expect(engine.count(changed, question({ where }), 2)).toBe(1)
  const rewritten = { ...key('x'), document: '{"n":8}', fields: [null, 8], hash: null }
  engine.reindex(changed, [{ ...rewritten, version: 2 }], false)
  expect(engine.count(changed, question({ where }), 2)).toBe(1)
  engine.reindex(changed, [{ ...rewritten, version: 1 }], true)
  expect(engine.count(changed, question({ where }), 2)).toBe(0)
  expect(engine.open([changed])).toEqual([])
})

test('a fork’s changes, done again elsewhere, give the same state', () => {
  const engine = opened(things)
  const copy = opened(things)
  const fork = engine.fork()
  fork.write(group(put('x', { expiresAt: 5 }), labelled('y', 'p'), remove('y')), 1)
  fork.write(group(labelled('z', 'q'), labelled('x', 'r')), 2)
  expect(contents(engine, things).rows).toEqual([])
  copy.replay(fork.changes)
  engine.publish(fork)
  expect(contents(copy, things)).toEqual(contents(engine, things))
})
