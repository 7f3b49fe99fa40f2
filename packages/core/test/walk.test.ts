import { expect, test } from 'vitest'
import type { Page, Query, StoredRow } from '../src/backend.ts'
import { walkBoundedPages } from '../src/walk.ts'

/** The sizes of pages that are asked for, over documents of these lengths. */
async function limitsOver(lengths: readonly number[], limit: number): Promise<number[]> {
  const limits: number[] = []
  const ask = async (query: Query): Promise<Page> => {
    limits.push(query.limit)
    const start = query.after === undefined ? 0 : Number(query.after.id)
    const end = start + query.limit
    const rows = lengths.slice(start, end).map((length) => ({ document: 'x'.repeat(length) }) as StoredRow)
    return { rows, next: end < lengths.length ? { values: [], id: String(end) } : undefined }
  }
  const walk = { tenant: 't', where: undefined, limit, visibility: 'any', withFields: false } as const
  let seen = 0
  for await (const rows of walkBoundedPages(ask, walk)) seen += rows.length
  expect(seen).toBe(lengths.length)
  return limits
}

const megabyte = 1_024 * 1_024

test('pages of small documents grow to the limit', async () => {
  expect(
    await limitsOver(
      Array.from({ length: 500 }, () => 10),
      120,
    ),
  ).toEqual([4, 8, 16, 32, 64, 120, 120, 120, 120])
})

test('pages shrink where documents are large, and grow again behind them', async () => {
  const lengths = [...Array.from({ length: 25 }, () => megabyte), ...Array.from({ length: 60 }, () => 10)]
  expect(await limitsOver(lengths, 500)).toEqual([4, 8, 8, 8, 12, 24, 48])
})

test('of documents that are larger than a page one is read at a time', async () => {
  expect(
    (
      await limitsOver(
        Array.from({ length: 7 }, () => 9 * megabyte),
        500,
      )
    ).slice(1),
  ).toEqual([1, 1, 1])
})

test('a small limit is kept', async () => {
  expect(await limitsOver([1, 1, 1], 2)).toEqual([2, 2])
})
