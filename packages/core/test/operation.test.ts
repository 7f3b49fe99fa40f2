import { describe, expect, test } from 'vitest'
import { historyLayout, historyRow } from '../src/history.ts'
import { type Condition, type Decision, decide, type Operation } from '../src/operation.ts'
import type { RowState } from '../src/row.ts'

const AT = 100
const layout = historyLayout('things', 1)
const key = { layout, tenant: 't', id: 'i' }
const base: RowState = { version: 7, createdAt: 1, updatedAt: 2, expiresAt: null, deletedAt: null }
const states = {
  missing: undefined,
  live: base,
  due: { ...base, expiresAt: AT + 1 },
  expired: { ...base, expiresAt: AT },
  deleted: { ...base, deletedAt: 50 },
} satisfies Record<string, RowState | undefined>
type StateName = keyof typeof states
const stateNames = Object.keys(states) as StateName[]
const isThere = (name: StateName) => name === 'live' || name === 'due'

const conditions: readonly [string, Condition, (name: StateName) => string | undefined][] = [
  ['none', { type: 'none' }, () => undefined],
  ['absent', { type: 'absent' }, (name) => (isThere(name) ? 'ALREADY_EXISTS' : undefined)],
  ['present', { type: 'present' }, (name) => (isThere(name) ? undefined : 'NOT_FOUND')],
  ['version 0', { type: 'version', version: 0 }, (name) => (isThere(name) ? 'VERSION_CONFLICT' : undefined)],
  ['version 7', { type: 'version', version: 7 }, (name) => (isThere(name) ? undefined : 'VERSION_CONFLICT')],
  ['version 6', { type: 'version', version: 6 }, () => 'VERSION_CONFLICT'],
]

const put = (condition: Condition, expiresAt: number | null | 'keep' = null): Operation => ({
  ...key,
  type: 'put',
  condition,
  document: '{}',
  fields: [],
  hash: null,
  expiresAt,
})
const remove = (condition: Condition, mode: 'soft' | 'hard' | 'erase'): Operation => ({
  ...key,
  type: 'delete',
  condition,
  mode,
})
const codeOf = (decision: Decision) => (decision.type === 'refuse' ? decision.code : undefined)

describe.each(conditions)('the condition %s', (_name, condition, refusal) => {
  test.each(stateNames)('decides alike for every operation on a record that is %s', (name) => {
    const operations = [
      put(condition),
      ...(['soft', 'hard', 'erase'] as const).map((mode) => remove(condition, mode)),
    ]
    for (const operation of operations) {
      expect(codeOf(decide(operation, states[name], 0, AT))).toBe(refusal(name))
    }
  })
})

describe('a put', () => {
  test.each(stateNames)('over a record that is %s', (name) => {
    const state = states[name]
    const version = state === undefined ? 41 : 8
    expect(decide(put({ type: 'none' }), state, 40, AT)).toEqual({
      type: 'store',
      state: { version, createdAt: isThere(name) ? 1 : AT, updatedAt: AT, expiresAt: null, deletedAt: null },
      applied: { version, existed: isThere(name) },
    })
  })

  test.each([
    ['missing', null],
    ['live', null],
    ['due', AT + 1],
    ['expired', null],
    ['deleted', null],
  ] as const)('keeps only a live record’s deadline (%s)', (name, expiresAt) => {
    expect(decide(put({ type: 'none' }, 'keep'), states[name], 0, AT)).toMatchObject({ state: { expiresAt } })
  })
})

describe('a removal', () => {
  test.each(stateNames)('of a record that is %s', (name) => {
    const state = states[name]
    const [soft, hard, erase] = (['soft', 'hard', 'erase'] as const).map((mode) =>
      decide(remove({ type: 'none' }, mode), state, 40, AT),
    )
    const nothing = { type: 'nothing', applied: { version: 0, existed: false } }
    const gone = { type: 'remove', applied: { version: 8, existed: isThere(name) } }
    expect(hard).toEqual(isThere(name) ? gone : nothing)
    expect(erase).toEqual(state === undefined ? nothing : gone)
    expect(soft).toEqual(
      isThere(name)
        ? {
            type: 'store',
            state: { ...state, version: 8, updatedAt: AT, deletedAt: AT },
            applied: { version: 8, existed: true },
          }
        : nothing,
    )
  })
})

describe('a restoration', () => {
  const restore: Operation = { ...key, type: 'restore' }

  test('makes a deleted record live', () => {
    expect(decide(restore, states.deleted, 0, AT)).toEqual({
      type: 'store',
      state: { ...base, version: 8, updatedAt: AT, deletedAt: null },
      applied: { version: 8, existed: false },
    })
  })

  test.each(['missing', 'live', 'due', 'expired'] as const)('is refused for a record that is %s', (name) => {
    expect(codeOf(decide(restore, states[name], 0, AT))).toBe('NOT_FOUND')
  })

  test('is refused for a deleted record past its deadline', () => {
    expect(codeOf(decide(restore, { ...states.deleted, expiresAt: AT }, 0, AT))).toBe('NOT_FOUND')
  })
})

test('the rows of a record’s history have ids in the order of its versions', () => {
  const state = { ...base, version: 12, expiresAt: 500 }
  const row = historyRow('put', { tenant: 't', id: 'a:b' }, state, '{"x":1}', 3, AT)
  expect(row).toEqual({
    tenant: 't',
    id: '0000000000000012:a:b',
    document: '{"x":1}',
    schemaVersion: 3,
    hash: null,
    version: 1,
    createdAt: 1,
    updatedAt: AT,
    expiresAt: 500,
    deletedAt: null,
    fields: ['a:b', 12, AT, 'put'],
  })
  const later = historyRow('put', { tenant: 't', id: 'a:b' }, { ...state, version: 100 }, '{}', 3, AT)
  expect(row.id < later.id).toBe(true)
})
