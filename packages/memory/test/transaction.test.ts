import { type Backend, isStoreError, type StoredRow } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { createBackend } from '../src/index.ts'
import { group, labelled, put, question, remove, things } from './memory-rows.ts'

const key = (id: string) => ({ tenant: 'a', id })

async function opened(...ids: string[]): Promise<Backend> {
  const backend = createBackend({})
  await backend.open([things])
  await backend.write(
    ids.map((id) => group(put(id))),
    1,
  )
  return backend
}

const isConflict = (error: unknown) => isStoreError(error, 'CONFLICT')
const idsOf = (rows: readonly (StoredRow | undefined)[]) => rows.map((row) => row?.id)

test('a lost update is a conflict', async () => {
  const backend = await opened('x')
  const attempt = backend.transaction(async (transaction) => {
    await transaction.read(things, [key('x')])
    await backend.write([group(labelled('x', 'theirs'))], 2)
    await transaction.write(group(labelled('x', 'mine')), 2)
  })
  await expect(attempt).rejects.toSatisfy(isConflict)
  const { rows } = await backend.query(things, question({ withFields: true }), 2)
  expect(rows[0]?.fields?.[0]).toBe('theirs')
})

test('of two transactions that each read what the other writes, one conflicts', async () => {
  const backend = await opened('x', 'y')
  const first = backend.transaction(async (transaction) => {
    await transaction.read(things, [key('x'), key('y')])
    await backend.transaction(async (second) => {
      await second.read(things, [key('x'), key('y')])
      await second.write(group(put('y')), 2)
    })
    await transaction.write(group(put('x')), 2)
  })
  await expect(first).rejects.toSatisfy(isConflict)
})

test('a row that turns up in a counted range is a conflict, one elsewhere is not', async () => {
  const backend = await opened('x')
  const where = { type: 'compare', field: 0, comparison: 'eq', value: 'p' } as const
  const countAndWrite = (label: string, id: string) =>
    backend.transaction(async (transaction) => {
      await transaction.count(things, { tenant: 'a', where, visibility: 'live' }, 2)
      await backend.write([group(labelled(label, label))], 2)
      await transaction.write(group(put(id)), 2)
    })
  await countAndWrite('q', 'm')
  await expect(countAndWrite('p', 'n')).rejects.toSatisfy(isConflict)
  expect(idsOf((await backend.query(things, question(), 2)).rows)).toEqual(['m', 'p', 'q', 'x'])
})

test('a row that comes into a page widened by the transaction’s own removal is a conflict', async () => {
  const backend = await opened('a', 'b', 'd')
  const attempt = backend.transaction(async (transaction) => {
    await transaction.write(group(remove('a')), 2)
    const page = await transaction.query(things, question({ limit: 2 }), 2)
    expect(idsOf(page.rows)).toEqual(['b', 'd'])
    await backend.write([group(put('c'))], 2)
  })
  await expect(attempt).rejects.toSatisfy(isConflict)
})

test('a key taken and freed meanwhile is a conflict for an insert', async () => {
  const backend = await opened()
  const attempt = backend.transaction(async (transaction) => {
    await transaction.write(group(put('x')), 2)
    await backend.write([group(put('x')), group(remove('x'))], 2)
  })
  await expect(attempt).rejects.toSatisfy(isConflict)
})

test('a transaction that only reads keeps its snapshot and never conflicts', async () => {
  const backend = await opened('x')
  await backend.transaction(async (transaction) => {
    const [before] = await transaction.read(things, [key('x')])
    await backend.write([group(put('x')), group(put('y'))], 2)
    expect(await transaction.read(things, [key('x'), key('y')])).toEqual([before, undefined])
    expect(await transaction.count(things, question(), 2)).toBe(1)
  })
  expect(await backend.count(things, question(), 2)).toBe(2)
})

test('transactions that touch different rows both commit', async () => {
  const backend = await opened()
  await backend.transaction(async (outer) => {
    await outer.write(group(labelled('x', 'p')), 2)
    await backend.transaction((inner) => inner.write(group(labelled('y', 'p')), 2))
    expect(await backend.count(things, question(), 2)).toBe(1)
  })
  const where = { type: 'compare', field: 0, comparison: 'eq', value: 'p' } as const
  expect(idsOf((await backend.query(things, question({ where }), 2)).rows)).toEqual(['x', 'y'])
})

test('a thrown error leaves nothing behind, and a savepoint’s error only its own part', async () => {
  const backend = await opened()
  const boom = new Error('boom')
  const fail = () => Promise.reject(boom)
  await backend.transaction(async (transaction) => {
    await transaction.write(group(put('kept')), 2)
    const part = transaction.savepoint(async () => {
      await transaction.write(group(put('undone')), 2)
      return fail()
    })
    await expect(part).rejects.toBe(boom)
  })
  const whole = backend.transaction(async (transaction) => {
    await transaction.write(group(put('never')), 2)
    return fail()
  })
  await expect(whole).rejects.toBe(boom)
  expect(idsOf((await backend.query(things, question(), 2)).rows)).toEqual(['kept'])
})
