import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { AT, aRun, coffer, file, folder } from './command.ts'

const RUNS = 'runs.jsonl'

beforeEach(async () => {
  await coffer(['import', file(RUNS, [aRun('s-1')]), ...AT])
  await coffer(['backup', '--out', 'kept', ...AT])
})

/** Runs a command that is asked to end as soon as it listens. */
async function interrupted(commandLine: readonly string[], signal: 'SIGINT' | 'SIGTERM') {
  const before = process.listenerCount(signal)
  const running = coffer(commandLine)
  while (process.listenerCount(signal) === before) await nextTurn()
  process.emit(signal)
  const result = await running
  return { ...result, left: process.listenerCount(signal) - before }
}

const backup = () =>
  join('kept', readdirSync(join(folder, 'kept')).find((name) => name.endsWith('.tar')) ?? '')

test.each([
  ['backup', () => ['backup', '--out', 'made', ...AT]],
  ['restore', () => ['restore', backup(), '--store', 'new.db']],
  ['restore --check', () => ['restore', backup(), '--check']],
  ['backups --verify', () => ['backups', 'kept', '--verify']],
  ['copy', () => ['copy', 'agents.db', 'new.db']],
  ['export', () => ['export', '--out', 'made.jsonl', ...AT]],
  ['export of a folder', () => ['export', '--format', 'csv', '--out', 'made/', ...AT]],
  ['import', () => ['import', RUNS, ...AT]],
  ['bench', () => ['bench', '--seconds', '0.05', '--callers', '2', ...AT]],
])('%s ends with 130 when it is interrupted', async (_name, commandLine) => {
  const { code, left } = await interrupted(commandLine(), 'SIGINT')
  expect({ code, left }).toEqual({ code: 130, left: 0 })
  expect(
    readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.partial')),
  ).toEqual([])
})

test('what a supervisor sends is an interruption too', async () => {
  expect((await interrupted(['backup', '--out', 'made', ...AT], 'SIGTERM')).code).toBe(130)
})

test('an interrupted export says what is left', async () => {
  const { err, out } = await interrupted(['export', '--out', 'made.jsonl', '--json', ...AT], 'SIGINT')
  expect(err).toContain('interrupted; ')
  expect(JSON.parse(out)).toMatchObject({ ok: false, code: 'ABORTED' })
})
