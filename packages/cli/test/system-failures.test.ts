import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AT, aRun, coffer, file, folder } from './command.ts'

describe('what the system refuses is told in a sentence with the place', () => {
  test.each([
    ['a folder that is not there', ['export', '--out', 'none/all.jsonl'], 2, 'there is no none'],
    [
      'a file in the place of a folder',
      ['backup', '--out', 'runs.jsonl'],
      2,
      'runs.jsonl is a file: name a folder',
    ],
    [
      'a path that leads through a file',
      ['backup', '--out', 'runs.jsonl/b'],
      2,
      'a part of the path is no folder',
    ],
  ])('%s', async (_what, command, exitCode, says) => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
    const { code, out, err } = await coffer([...command, '--json', ...AT])
    expect(code).toBe(exitCode)
    expect(err.replaceAll(/\s+/g, ' ')).toContain(says)
    expect(err).not.toMatch(/E[A-Z]+:/)
    expect(JSON.parse(out)).toMatchObject({ ok: false, code: 'INVALID_ARGUMENT' })
  })

  test('a config file that can not be read', async () => {
    mkdirSync(join(folder, 'coffer.config.json'))
    const { code, err } = await coffer(['status'])
    expect(code).not.toBe(0)
    expect(err).not.toContain('not valid JSON')
  })
})
