import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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
  expect(existsSync(join(folder, 'out.jsonl.partial'))).toBe(false)
})

test('what an earlier one has left is replaced', async () => {
  const path = join(folder, 'out.jsonl')
  writeFileSync(`${path}.partial`, 'much that is old')
  async function* text() {
    yield 'new'
  }
  await writeFile(path, text(), { gzip: false, signal })
  expect(readFileSync(path, 'utf8')).toBe('new')
})
