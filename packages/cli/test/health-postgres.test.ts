import type { Check } from '@coffer/core'
import pg from 'pg'
import { expect, test } from 'vitest'
import { aRun, coffer, file } from './command.ts'
import { at, database, expectNoSecret } from './database.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

/** The server of the tests gives durability up for speed, and has no more to be told of. */
function expectNothingElse(checks: readonly Check[]): void {
  const bad = checks.filter(({ state }) => state === 'bad')
  expect(bad.map(({ says }) => says)).toEqual([expect.stringContaining('fsync is off')])
}

test('doctor finds what is wrong with the server alone, and judges the clock once', async () => {
  await coffer(['init', ...at('sound')])
  const result = await coffer(['doctor', '--deep', ...at('sound')], { more: { COFFER_DEBUG: '1' } })
  expect({ code: result.code, err: result.err }).toEqual({ code: 1, err: '' })
  expect(result.out).toContain('good     definitions: all tables are as they are defined')
  expect(result.out).toMatch(/^bad {6}durability: .*\n {9}→ set fsync to on\n/)
  expect(result.out.match(/ clock: /g)).toHaveLength(1)
  for (const line of result.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  const json = await coffer(['doctor', '--json', ...at('sound')])
  expectNothingElse(JSON.parse(json.out).checks)
  for (const each of [result, json]) expectNoSecret(each)
})

test('health tells what the server is busy with, on 80 columns', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at('busy')])
  const result = await coffer(['health', '--write', ...at('busy')])
  expect(result.err).toBe('')
  expect(plain(result.out)).toMatch(
    /load \d+ of \d+ connections, .*\d+ waiting for locks, \d+\.\d % cache hits/,
  )
  expect(result.out).toMatch(/\ntrace_events +5 /)
  for (const line of result.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  const json = await coffer(['health', '--json', ...at('busy')])
  expect(JSON.parse(json.out)).toMatchObject({ answers: true, failure: null, backend: 'postgresql' })
  expectNothingElse(JSON.parse(json.out).checks)
  for (const each of [result, json]) expectNoSecret(each)
})

test('a schema that is not there is told, and is not made', async () => {
  for (const command of [['doctor'], ['health'], ['health', '--write'], ['health', '--watch']]) {
    const { code, out, err } = await coffer([...command, ...at('never')])
    expect({ command, code, out }).toEqual({ command, code: 1, out: '' })
    expect(plain(err)).toContain('coffer init makes')
  }
  expect(await schemasLike('never')).toEqual([])
})

test('a server that does not answer is not ok, in a sentence without a password', async () => {
  const store = ['--store', 'postgresql://me:canary-7f3a@127.0.0.1:1/agents']
  const { code, out, err } = await coffer(['health', ...store])
  expect({ code, err }).toEqual({ code: 1, err: '' })
  expect(plain(out)).toMatch(/^not ok .* UNAVAILABLE: postgresql: no server answers there/)
  const json = await coffer(['health', '--json', ...store])
  expect(JSON.parse(json.out)).toMatchObject({ ok: false, answers: false, failure: { code: 'UNAVAILABLE' } })
  const doctor = await coffer(['doctor', ...store])
  expect(doctor).toMatchObject({ code: 1, out: '' })
  expect(out + json.out + doctor.err).not.toContain('canary-7f3a')
})

test('bench works in a schema of its own, which is gone afterwards', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at('measured')])
  const result = await coffer(['bench', '--seconds', '0.05', '--callers', '4', '--json', ...at('measured')])
  expect({ code: result.code, err: result.err }).toEqual({ code: 0, err: '' })
  expect(JSON.parse(result.out).results).toHaveLength(12)
  expectNoSecret(result)
  expect(await schemasLike('coffer_bench%')).toEqual([])
  expect((await coffer(['count', 'sessions', ...at('measured')])).out).toBe('1\n')
})

test('bench that fails in the middle leaves nothing behind either', async () => {
  const place = { type: 'postgresql', connectionString: database.url, maxQueued: 1 }
  const config = ['--config', file('narrow.json', [place])]
  const { code, out, err } = await coffer(['bench', '--seconds', '0.05', '--callers', '64', ...config])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('maxQueued')
  expect(await schemasLike('coffer_bench%')).toEqual([])
})

async function schemasLike(pattern: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    const { rows } = await client.query('SELECT nspname FROM pg_namespace WHERE nspname LIKE $1', [pattern])
    return rows.map(({ nspname }) => nspname)
  } finally {
    await client.end()
  }
}
