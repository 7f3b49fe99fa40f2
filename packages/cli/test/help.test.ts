import { expect, test } from 'vitest'
import { coffer } from './command.ts'

const overview = (await coffer(['--help'])).out
const commands = [...overview.matchAll(/^ {2}([a-z]+)(?: |$).*$/gm)]
  .map(([, name]) => name as string)
  .filter((name) => /^Usage: coffer /.test(name) === false && name !== 'coffer')

test('the help names the commands', () => {
  expect(commands).toEqual(expect.arrayContaining(['status', 'health', 'bench', 'repair', 'backups']))
})

test.each(['-V', '--version'])('%s tells the release, and nothing else', async (flag) => {
  const { code, out } = await coffer([flag])
  expect(code).toBe(0)
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test.each(['', ...new Set(commands)])('the help of coffer %s fits 80 columns', async (name) => {
  const { out } = await coffer([...(name === '' ? [] : [name]), '--help'])
  expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
})
