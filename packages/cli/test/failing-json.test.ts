import { describe, expect, test } from 'vitest'
import { AT, aRun, coffer, file } from './command.ts'

describe('a command with --json that fails', () => {
  test.each([
    ['a store that is not there', ['status', '--json', ...AT], 2, 'INVALID_ARGUMENT'],
    ['an option that there is not', ['status', '--json', '--nothing', ...AT], 2, 'INVALID_ARGUMENT'],
    ['a backup that is not there', ['restore', 'no.tar', '--json', ...AT], 1, 'NOT_FOUND'],
    ['a folder that is not there', ['backups', 'no', '--json'], 1, 'NOT_FOUND'],
  ])('says so in JSON: %s', async (_what, commandLine, exitCode, errorCode) => {
    const { code, out, err } = await coffer(commandLine)
    expect(code).toBe(exitCode)
    const { message, ...rest } = JSON.parse(out)
    expect(rest).toEqual({ ok: false, code: errorCode })
    expect(err.replaceAll(/\s+/g, ' ')).toContain(`coffer: ${message.split('\n')[0]}`)
  })

  test('says that a record is not there', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
    const { code, out } = await coffer(['show', 'sessions', 's-2', '--json', ...AT])
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 'NOT_FOUND', ok: false })
  })

  test('shows no password', async () => {
    const { out } = await coffer(['status', '--json', '--store', 'mysql:me:canary-7f3a@db'])
    expect(JSON.parse(out)).toMatchObject({ ok: false })
    expect(out).not.toContain('canary-7f3a')
  })
})

test('what was asked without --json fails without', async () => {
  expect((await coffer(['status', ...AT])).out).toBe('')
})
