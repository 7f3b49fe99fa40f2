import { describe, expect, test } from 'vitest'
import { redact } from '../src/failure.ts'
import { AT, coffer } from './command.ts'

const ADDRESS = 'postgresql://me:canary-7f3a@db.example/agents'

describe('a password on the command line', () => {
  test.each([
    ['where a command should be', [ADDRESS]],
    ['in an option that there is not', ['status', `--stroe=${ADDRESS}`]],
    ['in an argument too many', ['status', ADDRESS]],
    ['behind the arguments', ['show', 'trace', 's-1', ADDRESS, ...AT]],
    ['in a choice that there is not', ['backup', '--out', 'b', `--compression=${ADDRESS}`]],
    ['with slashes', [ADDRESS.replace('canary', 'x/canary')]],
    ['with a space', [ADDRESS.replace('canary', 'x canary')]],
    ['with an @', [ADDRESS.replace('canary', 'x@canary')]],
    ['in an address without slashes', ['mysql:me:canary-7f3a@db']],
    ['in a store without slashes', ['ls', '--store', 'mysql:me:canary-7f3a@db']],
    ['in a store without a user', ['ls', '--store', 'mysql:canary-7f3a']],
    ['as the name of a collection', ['ls', ADDRESS, ...AT]],
    ['as the name of a config file', ['ls', '--config', ADDRESS.replace('canary', 'x/canary')]],
  ])('is not shown %s', async (_where, commandLine) => {
    const { code, out, err } = await coffer(commandLine)
    expect(code).toBe(2)
    expect(err).toMatch(/^coffer: /)
    expect(out + err).not.toContain('canary-7f3a')
  })
})

test.each([
  ['connect to postgres://me:a/b@c@db:5432/x failed', 'connect to postgres://me:***@db:5432/x failed'],
  ['mysql:me:pw@db', 'mysql:me:***@db'],
  ['at file:///work/node_modules/@scope/a.js:12:3', 'at file:///work/node_modules/@scope/a.js:12:3'],
  [
    'see https://example.org/a and write to a@example.org',
    'see https://example.org/a and write to a@example.org',
  ],
])('%s is told as %s', (text, told) => {
  expect(redact(text)).toBe(told)
})
