/** What the package's page says about `tail` and the like, done as it stands there. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { filled, temporaryPath } from './stores.ts'

test('the command of the page computes checksum and length of a line', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const command = /`(tail -n 1 [^`]+)`/.exec(page)?.[1] ?? 'false'
  const shell = (script: string) =>
    execFileSync('sh', ['-c', script], { cwd: dirname(basePath), encoding: 'utf8' }).trim()
  const [checksum = '', length] = shell('tail -n 1 data/log-000001.jsonl').split(' ')
  expect(checksum).toMatch(/^[0-9a-f]{8}$/)
  expect(shell(command)).toBe(`${checksum} ${Number(length).toString(16).padStart(8, '0')}`)
})
