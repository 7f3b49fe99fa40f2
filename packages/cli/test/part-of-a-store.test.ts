import { sessions } from '@coffer/agents'
import { createStore } from '@coffer/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { AT, coffer, file } from './command.ts'

const PLACES = [
  ['SQLite', { type: 'sqlite', path: 'agents.db' }, 'agents.db'],
  ['a directory', { type: 'file', basePath: './data' }, 'file:./data'],
] as const

const SESSION = {
  session_id: 's-1',
  agent_id: 'a',
  status: 'active',
  created_at: '1970-01-01T00:00:00.000Z',
  metadata: {},
}

describe.each(PLACES)('a store in %s with the sessions alone', (_name, config, address) => {
  const at = ['--store', address]

  beforeEach(async () => {
    await using store = createStore(config)
    await store.collection(sessions).put(SESSION as never)
  })

  test.each([
    [['ls', 'sessions'], '1 of 1 record'],
    [['ls', 'sessions', '--json'], '"s-1"'],
    [['count', 'sessions'], '1\n'],
    [['show', 'sessions', 's-1'], '"s-1"'],
    [['export'], '"s-1"'],
    [['export', 'sessions', '--format', 'csv'], 's-1,a,'],
    [['export', '--out', 'tables/', '--format', 'csv'], 'sessions.csv: 1 record'],
    [['verify', '--deep'], '1 collection, 1 record: all in order'],
    [['verify', '--deep', '--all-tenants'], 'default/sessions: 1 record'],
    [['verify', '--only', 'sessions', '--deep'], '1 record'],
    [['export', '--tenant', 'default'], '"s-1"'],
    [['verify', '--deep', '--tenant', 'default'], '1 record'],
  ])('is read by %j', async (command, told) => {
    const { code, out, err } = await coffer([...command, ...at])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(told)
  })

  test('has nothing to verify, which is said', async () => {
    const { code, out } = await coffer(['verify', ...at])
    expect(code).toBe(0)
    expect(out.replaceAll(/\s+/g, ' ')).toMatch(
      /^there is nothing to check: no table of \w+, \w+, \w+ and \d+ more $/,
    )
    const report = JSON.parse((await coffer(['verify', '--json', ...at])).out)
    expect(report).toMatchObject({ ok: true, checked: [], absent: expect.arrayContaining(['trace_events']) })
  })

  test('is looked at by an import that stores nothing', async () => {
    await coffer(['export', 'sessions', '--out', 'sessions.jsonl', ...at])
    const { code, out } = await coffer(['import', 'sessions.jsonl', '--dry-run', '--json', ...at])
    expect(code).toBe(0)
    expect(JSON.parse(out).collections).toMatchObject({ sessions: { unchanged: 1 } })
  })
})

test('a database names the one table that a command lacks, and no other', async () => {
  await using store = createStore({ type: 'sqlite', path: 'agents.db' })
  await store.collection(sessions).put(SESSION as never)
  for (const command of [
    ['count', 'task_states'],
    ['show', 'trace', 's-1'],
    ['verify', 's-1'],
  ]) {
    const { code, err } = await coffer([...command, ...AT])
    expect({ command, code }).toEqual({ command, code: 1 })
    expect(err).toMatch(/task_states|trace_events/)
    expect(err).not.toContain('resolutions')
  }
})

test('an import into what can not be opened says so once, and reads nothing', async () => {
  const line = JSON.stringify({ collection: 'sessions', record: {}, version: 1 })
  const lines = file('in.jsonl', [line, line, line])
  for (const more of [[], ['--dry-run']]) {
    const { code, out, err } = await coffer(['import', lines, '--store', 'file:./no/data', ...more])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).not.toContain('in.jsonl')
  }
})

test('memory is read by no command, for nothing is kept there', async () => {
  for (const command of ['ls', 'status', 'verify', 'cleanup', 'health']) {
    const { code, err } = await coffer([command, '--store', 'memory:'])
    expect({ command, code }).toEqual({ command, code: 2 })
    expect(err.replaceAll(/\s+/g, ' ')).toContain('memory: is gone when a command ends')
    expect(err).not.toContain('coffer init')
  }
})

test('a config file in JSON may begin with a byte order mark', async () => {
  file('coffer.config.json', ['\ufeff{ "type": "sqlite", "path": "agents.db" }'])
  expect((await coffer(['init'])).code).toBe(0)
  expect((await coffer(['count', 'sessions'])).out).toBe('0\n')
})
