/** Transactions on the writer, reads beside them, and what an engine error does to them. */

import { type Backend, type BackendTransaction, isStoreError } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { AT, group, NOTES, put } from './layouts.ts'
import { opened, temporaryPath } from './places.ts'

const invalidPut = put('broken', { document: undefined as unknown as string })

async function versions(source: Backend | BackendTransaction, ...ids: string[]) {
  const rows = await source.read(
    NOTES,
    ids.map((id) => put(id)),
  )
  return rows.map((row) => row?.version)
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error) => (isStoreError(error) ? error.code : error),
  )
}

test('a transaction sees its writes, others see them after its end', async () => {
  const backend = await opened({ path: temporaryPath() })
  await backend.transaction(async (transaction) => {
    await transaction.write(group(put('a')), AT)
    expect(await versions(transaction, 'a')).toEqual([1])
    expect(await versions(backend, 'a')).toEqual([undefined])
  })
  expect(await versions(backend, 'a')).toEqual([1])
})

test('what the callback throws undoes everything and comes out as it was', async () => {
  const backend = await opened({ path: temporaryPath() })
  const mine = new Error('mine')
  const attempt = backend.transaction(async (transaction) => {
    await transaction.write(group(put('a')), AT)
    throw mine
  })
  expect(await codeOf(attempt)).toBe(mine)
  expect(await versions(backend, 'a')).toEqual([undefined])
})

test('a savepoint is undone alone', async () => {
  const backend = await opened({ path: temporaryPath() })
  await backend.transaction(async (transaction) => {
    await transaction.write(group(put('a')), AT)
    const inner = transaction.savepoint(async () => {
      await transaction.write(group(put('b')), AT)
      await transaction.savepoint(() => transaction.write(group(put('c')), AT))
      throw new Error('undo')
    })
    await codeOf(inner)
    await transaction.savepoint(() => transaction.write(group(put('d')), AT))
  })
  expect(await versions(backend, 'a', 'b', 'c', 'd')).toEqual([1, undefined, undefined, 1])
})

test('a refused group is an answer and leaves the transaction as it was', async () => {
  const backend = await opened({ path: temporaryPath() })
  await backend.transaction(async (transaction) => {
    await transaction.write(group(put('a')), AT)
    const refused = group(put('b'), put('a', { condition: { type: 'absent' } }))
    expect(await transaction.write(refused, AT)).toMatchObject({ ok: false, index: 1 })
  })
  expect(await versions(backend, 'a', 'b')).toEqual([1, undefined])
})

test('an engine error that the callback swallows dooms the transaction', async () => {
  const backend = await opened({ path: temporaryPath() })
  const attempt = backend.transaction(async (transaction) => {
    await transaction.write(group(put('a')), AT)
    await codeOf(transaction.write(group(invalidPut), AT))
  })
  expect(await codeOf(attempt)).toBe('TRANSACTION_ABORTED')
  expect(await versions(backend, 'a')).toEqual([undefined])
})

test('an engine error inside a savepoint that is undone dooms nothing', async () => {
  const backend = await opened({ path: temporaryPath() })
  await backend.transaction(async (transaction) => {
    await transaction.write(group(put('a')), AT)
    await codeOf(transaction.savepoint(() => transaction.write(group(invalidPut), AT)))
  })
  expect(await versions(backend, 'a')).toEqual([1])
})

test('a handle is dead after the end', async () => {
  const backend = await opened({ path: temporaryPath() })
  const kept = await backend.transaction(async (transaction) => transaction)
  expect(await codeOf(kept.write(group(put('a')), AT))).toBe('TRANSACTION_CLOSED')
  expect(await codeOf(kept.read(NOTES, [put('a')]))).toBe('TRANSACTION_CLOSED')
})

test('an engine error in a batch leaves nothing of it', async () => {
  const backend = await opened({ path: temporaryPath() })
  const failed = backend.write([group(put('a')), group(invalidPut)], AT)
  await expect(failed).rejects.toThrow()
  expect(await versions(backend, 'a')).toEqual([undefined])
  await backend.write([group(put('a'))], AT)
  expect(await versions(backend, 'a')).toEqual([1])
})

test('writes and transactions take turns in the order of asking', async () => {
  const backend = await opened({ path: ':memory:' })
  const increment = () =>
    backend.transaction(async (transaction) => {
      const [version] = await versions(transaction, 'a')
      await Promise.resolve()
      await transaction.write(group(put('a')), AT)
      return version ?? 0
    })
  const seen = await Promise.all(Array.from({ length: 20 }, increment))
  expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index))
})

test('in memory a read beside an open transaction waits for its end', async () => {
  const backend = await opened({ path: ':memory:' })
  const { promise, resolve } = Promise.withResolvers<void>()
  const open = backend.transaction(async (transaction) => {
    await transaction.write(group(put('a')), AT)
    await promise
  })
  const beside = versions(backend, 'a')
  resolve()
  await open
  expect(await beside).toEqual([1])
})

test('closing waits for the work in flight, and may be repeated', async () => {
  const backend = await opened({ path: temporaryPath() })
  const written = backend.write([group(put('a'))], AT)
  const closed = [backend.close(), backend.close()]
  expect((await written)[0]?.ok).toBe(true)
  await Promise.all(closed)
  expect(await codeOf(backend.read(NOTES, [put('a')]))).toBe('CLOSED')
})
