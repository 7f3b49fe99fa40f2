/** What a row holds in the file, what the file refuses by itself, and what becomes of floors and histories. */

import type { DeleteOperation, Layout } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { errorCode } from '../src/error-code.ts'
import { AT, group, HISTORY_OF_NOTES, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const none = { type: 'none' } as const
const remove = (id: string, mode: DeleteOperation['mode'], layout = NOTES): DeleteOperation => ({
  type: 'delete',
  layout,
  tenant: 't',
  id,
  condition: none,
  mode,
})
const kept: Layout = { ...NOTES, history: HISTORY_OF_NOTES }
const layoutsWithHistory = [kept, HISTORY_OF_NOTES]
const page = {
  tenant: 't',
  where: undefined,
  order: [{ field: -1, direction: 'asc' }],
  after: undefined,
  offset: 0,
  limit: 100,
  visibility: 'any',
  withFields: true,
} as const

test.each([2 ** 31, 2 ** 32 + 1, 2 ** 53 - 1, -(2 ** 53) + 1])('the integer %d is exact', async (value) => {
  const layout: Layout = {
    ...NOTES,
    fields: [
      { name: 'whole', type: 'integer', nullable: false },
      { name: 'at', type: 'timestamp', nullable: false },
    ],
    indexes: [[0]],
  }
  const path = temporaryPath()
  const backend = await opened({ path }, [layout])
  await backend.write([group(put('a', { layout, fields: [value, value], expiresAt: 2 ** 52 + 1 }))], AT)
  const { rows } = await backend.query(layout, page, AT)
  expect(rows[0]).toMatchObject({ fields: [value, value], expiresAt: 2 ** 52 + 1 })
  const stored = rawConnection(path)
    .prepare('SELECT typeof(whole), CAST(whole AS TEXT) FROM notes')
    .raw()
    .get()
  expect(stored).toEqual(['integer', String(value)])
})

test('a person finds fields, members of the document and texts in the file', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  await backend.write(
    [group(put('a', { document: '{"title":"T"}', fields: ['ann', 1.5, ['x', 'y', 'x']] }))],
    AT,
  )
  const raw = rawConnection(path)
  expect(raw.prepare('SELECT author, score, title FROM notes').get()).toEqual({
    author: 'ann',
    score: 1.5,
    title: 'T',
  })
  expect(raw.prepare('SELECT value FROM notes$tags ORDER BY 1').pluck().all()).toEqual(['x', 'y'])
  await backend.write([group(put('a', { fields: ['ann', null, ['z']] }))], AT)
  expect(raw.prepare('SELECT value FROM notes$tags').pluck().all()).toEqual(['z'])
  await backend.write([group(remove('a', 'hard'))], AT)
  expect(raw.prepare('SELECT value FROM notes$tags').pluck().all()).toEqual([])
})

test.each([
  'UPDATE notes SET author = 1',
  'DELETE FROM notes',
  `INSERT OR REPLACE INTO notes SELECT * FROM notes`,
  `INSERT OR REPLACE INTO notes (rowid, author, tags, _tenant, _id, _version, _schema_version, _created_at,
    _updated_at, _doc) VALUES (1, 'a', '[]', 't', 'other', 1, 1, 1, 1, '{}')`,
])('the file itself refuses to change an append-only row: %s', async (statement) => {
  const layout: Layout = { ...NOTES, appendOnly: true, documentColumns: [] }
  const path = temporaryPath()
  const backend = await opened({ path }, [layout])
  const first = put('a', { layout, condition: { type: 'absent' }, fields: ['ann', 1, ['x']] })
  await backend.write([group(first), group({ ...first, id: 'b' })], AT)
  const failure = (() => {
    try {
      rawConnection(path).exec(statement)
    } catch (error) {
      return error
    }
    return undefined
  })()
  expect(errorCode(failure)).toBe('UNSUPPORTED')
  expect((await backend.read(layout, [first]))[0]?.version).toBe(1)
})

test('a refused group leaves nothing, and the others of its batch stay', async () => {
  const backend = await opened({ path: ':memory:' })
  const clash = put('a', { condition: { type: 'absent' } })
  const outcomes = await backend.write([group(put('a')), group(put('b'), clash), group(put('c'))], AT)
  expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true])
  expect(outcomes[1]).toMatchObject({ code: 'ALREADY_EXISTS', index: 1, check: false })
  const rows = await backend.read(NOTES, [put('a'), put('b'), put('c')])
  expect(rows.map((row) => row?.version)).toEqual([1, undefined, 1])
})

test('a lone refused group leaves nothing', async () => {
  const backend = await opened({ path: ':memory:' })
  const live = { type: 'live', layout: NOTES, tenant: 't', id: 'missing' } as const
  const outcomes = await backend.write([{ operations: [put('a')], checks: [live] }], AT)
  expect(outcomes).toEqual([{ ok: false, code: 'REFERENCE_VIOLATION', index: 0, check: true }])
  expect(await backend.read(NOTES, [put('a')])).toEqual([undefined])
})

test('many writes of few keys in one batch see each other, across an undone group', async () => {
  const backend = await opened({ path: ':memory:' })
  const puts = Array.from({ length: 30 }, (_, index) => group(put(`k${index % 10}`)))
  const undone = group(put('k0'), put('k0', { condition: { type: 'absent' } }))
  const outcomes = await backend.write([...puts, undone, group(put('k0'))], AT)
  expect(outcomes.at(-1)).toEqual({ ok: true, applied: [{ version: 4, existed: true }] })
  expect((await backend.read(NOTES, [put('k9')]))[0]?.version).toBe(3)
})

test('versions go on behind removed rows, whatever removed them', async () => {
  const backend = await opened({ path: ':memory:' })
  const version = async (id: string) => {
    const [outcome] = await backend.write([group(put(id))], AT)
    return outcome?.ok ? outcome.applied[0]?.version : undefined
  }
  await backend.write([group(put('a'), put('a'), remove('a', 'hard'))], AT)
  expect(await version('b')).toBe(4)
  await backend.write([group(put('c', { expiresAt: AT + 1 }))], AT)
  const sweep = { type: 'expired', tenant: undefined } as const
  expect(await backend.sweep(NOTES, sweep, 10, AT + 1)).toEqual({ removed: 1, more: false })
  expect(await version('d')).toBe(5)
})

test('a sweep is bounded, keeps what is not due and can be for one tenant', async () => {
  const backend = await opened({ path: ':memory:' })
  const due = ['a', 'b', 'c'].map((id) => put(id, { expiresAt: AT }))
  await backend.write(
    [group(...due, put('d', { tenant: 'u', expiresAt: AT }), put('e', { expiresAt: AT + 1 }))],
    0,
  )
  const sweep = (tenant?: string) => backend.sweep(NOTES, { type: 'expired', tenant }, 2, AT)
  expect(await sweep('u')).toEqual({ removed: 1, more: false })
  expect(await sweep()).toEqual({ removed: 2, more: true })
  expect(await sweep()).toEqual({ removed: 1, more: false })
  await backend.write([group(remove('e', 'soft'))], 5)
  const old = (deletedBefore: number) =>
    backend.sweep(NOTES, { type: 'deleted', deletedBefore, tenant: 't' }, 2, AT)
  expect(await old(4)).toEqual({ removed: 0, more: false })
  expect(await old(5)).toEqual({ removed: 1, more: false })
})

test('each write leaves its history, and an erased record leaves none', async () => {
  const backend = await opened({ path: ':memory:' }, layoutsWithHistory)
  const store = put('a', { layout: kept, document: '{"n":1}' })
  await backend.write([group(store, remove('a', 'soft', kept))], AT)
  await backend.write([group({ type: 'restore', layout: kept, tenant: 't', id: 'a' })], AT + 1)
  await backend.write([group(remove('a', 'hard', kept), put('b', { layout: kept }))], AT + 2)
  const past = await backend.query(HISTORY_OF_NOTES, page, AT)
  expect(past.rows.map((row) => [row.id, row.fields, row.document])).toEqual([
    ['0000000000000001:a', ['a', 1, AT, 'put'], '{"n":1}'],
    ['0000000000000002:a', ['a', 2, AT, 'delete'], '{"n":1}'],
    ['0000000000000003:a', ['a', 3, AT + 1, 'restore'], '{"n":1}'],
    ['0000000000000004:a', ['a', 4, AT + 2, 'delete'], '{"n":1}'],
    ['0000000000000005:b', ['b', 5, AT + 2, 'put'], '{"id":"b"}'],
  ])
  await backend.write([group(remove('a', 'erase', kept))], AT + 3)
  expect((await backend.query(HISTORY_OF_NOTES, page, AT)).rows.map((row) => row.id)).toEqual([
    '0000000000000005:b',
  ])
})

test('tenants are told in text order', async () => {
  const backend = await opened({ path: ':memory:' })
  expect(await backend.tenants(NOTES)).toEqual([])
  const tenants = ['\uffff', 'b', '😀', 'a']
  await backend.write([group(...tenants.map((tenant) => put('a', { tenant })))], AT)
  expect(await backend.tenants(NOTES)).toEqual(['a', 'b', '\uffff', '😀'])
})
