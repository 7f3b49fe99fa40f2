import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { AT, aRun, coffer, file, folder } from './command.ts'

const HERE = ['--store', 'file:./data']

beforeEach(async () => {
  const runs = file('runs.jsonl', [aRun('s-1')])
  for (const at of [AT, HERE]) await coffer(['import', runs, ...at])
  symlinkSync(join(folder, 'data'), join(folder, 'link'))
})

test.each([
  ['export', ['export', '--out', 'data/all.jsonl']],
  ['export of folders', ['export', '--format', 'csv', '--out', 'link/']],
])('the directory of a store takes no %s', async (_what, command) => {
  const before = readdirSync(join(folder, 'data'))
  const { code, err } = await coffer([...command, ...HERE])
  expect(code).toBe(2)
  expect(err.replaceAll(/\s+/g, ' ')).toContain('lies in the store')
  expect(readdirSync(join(folder, 'data'))).toEqual(before)
  expect((await coffer(['count', 'sessions', ...HERE])).out).toBe('1\n')
})
