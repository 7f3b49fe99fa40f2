import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeFile } from '../src/export/output-file.ts'
import { folder } from './command.ts'

const { signal } = new AbortController()

test('a file that can not be finished is not there', async () => {
  async function* broken() {
    yield 'some'
    throw new Error('the store is gone')
  }
  const written = writeFile(join(folder, 'out.jsonl'), broken(), { gzip: true, signal })
  await expect(written).rejects.toThrow('the store is gone')
  expect(readdirSync(folder)).toEqual([])
})

test('an interruption leaves nothing', async () => {
  const interruption = new AbortController()
  async function* endless() {
    for (;;) {
      yield 'more'
      interruption.abort()
    }
  }
  const options = { gzip: false, signal: interruption.signal }
  await expect(writeFile(join(folder, 'out.jsonl'), endless(), options)).rejects.toThrow('aborted')
  expect(readdirSync(folder)).toEqual([])
})

async function* saying(text: string) {
  yield text
}

test('a file that somebody has beside it stays', async () => {
  const path = join(folder, 'out.jsonl')
  writeFileSync(`${path}.partial`, 'mine')
  await writeFile(path, saying('new'), { gzip: false, signal })
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(readFileSync(`${path}.partial`, 'utf8')).toBe('mine')
})

test('of two that write the same file at once one is whole, and the other is refused', async () => {
  const path = join(folder, 'out.jsonl')
  const texts = ['a'.repeat(100_000), 'b'.repeat(100_000)]
  const written = await Promise.allSettled(
    texts.map((text) => writeFile(path, saying(text), { gzip: false, signal })),
  )
  expect(written.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(texts).toContain(readFileSync(path, 'utf8'))
  expect(readdirSync(folder)).toEqual(['out.jsonl'])
})
