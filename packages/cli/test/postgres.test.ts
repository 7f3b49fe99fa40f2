import { describe, expect, test } from 'vitest'
import { AT, aRun, coffer, cofferProcess, file, type Result } from './command.ts'
import { at, database } from './database.ts'

const CANARY = 'canary-7f3a'
const KEY = 'Oslo'

/** The same place for somebody whose password is wrong, or who looks in another. */
function elsewhere(change: (url: URL) => void): string {
  const url = new URL(database.url)
  url.password = CANARY
  change(url)
  return url.href
}

describe('a store on PostgreSQL', () => {
  test('takes every command, and exports what SQLite exports', async () => {
    const runs = file('runs.jsonl', [aRun('s-1', { reward: 0.5 }), aRun('s-2'), '{'])
    const imported = await coffer(['import', runs, ...at('whole'), '--json'])
    expect(imported.code).toBe(1)
    expect(JSON.parse(imported.out)).toMatchObject({ runs: 2, bad_lines: 1, events: { new: 10 } })
    expect((await coffer(['import', runs, ...AT])).code).toBe(1)
    for (const command of [
      ['ls'],
      ['ls', 'resolutions', '--order', 'created_at:desc', '--where', 'session_id=s-2'],
      ['ls', 'trace_events', '--where', 'sequence>=4', '--json'],
      ['show', 'sessions', 's-1'],
      ['show', 'trace', 's-2'],
      ['count', 'trace_events', '--where', 'trace_id=s-1'],
      ['export'],
      ['verify'],
    ]) {
      const here = await coffer([...command, ...at('whole')])
      expect({ command, ...here }).toEqual({ command, ...(await coffer([...command, ...AT])) })
      expect({ command, code: here.code, err: here.err }).toEqual({ command, code: 0, err: '' })
    }
    const again = await coffer(['import', runs, ...at('whole'), '--json'])
    expect(JSON.parse(again.out)).toMatchObject({ events: { new: 0, changed: 0, unchanged: 10 } })
  })

  test('is apart from one in another schema, and takes postgres:// too', async () => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    await coffer(['import', runs, ...at('one')])
    const short = database.url.replace(/^postgresql:/, 'postgres:')
    await coffer([
      'import',
      file('others.jsonl', [aRun('s-1'), aRun('s-2')]),
      '--store',
      `${short}?schema=other`,
    ])
    expect((await coffer(['count', 'sessions', '--store', `${short}?schema=one`])).out).toBe('1\n')
    expect((await coffer(['count', 'sessions', ...at('other')])).out).toBe('2\n')
  })

  test('is not made by a command that only reads', async () => {
    for (const command of [['ls'], ['count', 'sessions'], ['export'], ['verify'], ['show', 'trace', 's-1']]) {
      const { code, out, err } = await coffer([...command, ...at('never')])
      expect({ command, code, out }).toEqual({ command, code: 1, out: '' })
      expect(err).toMatch(/coffer\s+init\s+makes/)
    }
    const runs = file('runs.jsonl', [aRun('s-1')])
    expect((await coffer(['import', runs, ...at('never'), '--json'])).out).toContain('"new": 1')
  })

  test('gives the driver all parameters but the schema', async () => {
    const readOnly = '&options=-c%20default_transaction_read_only%3Don&application_name=mine'
    const runs = file('runs.jsonl', [aRun('s-1')])
    const { code, err } = await coffer(['import', runs, ...at('kept', readOnly)])
    expect(code).toBe(1)
    expect(err).toContain('(25006)')
  })

  test('comes from COFFER_STORE or a config file as well', async () => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    const more = { COFFER_STORE: `${database.url}?schema=named` }
    expect(await cofferProcess(['import', runs], '', more)).toMatchObject({ code: 0, err: '' })
    expect(await cofferProcess(['count', 'sessions'], '', more)).toEqual({ code: 0, out: '1\n', err: '' })
    file('coffer.config.json', [{ type: 'postgresql', connectionString: database.url, schema: 'named' }])
    expect((await coffer(['count', 'sessions'])).out).toBe('1\n')
  })
})

describe('a password', () => {
  const places: readonly [string, () => string, number, string][] = [
    ['a wrong password', () => elsewhere(() => undefined), 1, '28P01'],
    ['a password in a parameter', () => inParameter(), 1, '28P01'],
    [
      'a port that nobody listens at',
      () => elsewhere((url) => Object.assign(url, { port: '1' })),
      1,
      'ECONNREFUSED',
    ],
    [
      'a socket that there is not',
      () => elsewhere((url) => Object.assign(url, { host: '%2Fnowhere' })),
      1,
      'ENOENT',
    ],
    ['an address that is none', () => database.url.replace(/:[^:@]*@/, `:${CANARY}/@`), 2, 'percent-encoded'],
    [
      'a file that can not be read',
      () => `${elsewhere(() => undefined)}?sslrootcert=/nowhere`,
      2,
      'can not be read',
    ],
  ]

  test.each(places)('%s is told without it, by every command', async (_what, address, code, expected) => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    const commands = [
      ['import', runs],
      ['import', runs, '--json'],
      ['ls'],
      ['ls', 'sessions', '--json'],
      ['show', 'sessions', 's-1', '--json'],
      ['count', 'sessions'],
      ['export'],
      ['verify', '--json'],
      ['init', '--json'],
      ['status'],
      ['migrate', '--verify', '--json'],
      ['cleanup', '--purge-deleted', '30d'],
      ['export', 'sessions', '--format', 'csv', '--out', 'sessions.csv'],
    ]
    for (const command of commands) {
      for (const more of [{}, { COFFER_DEBUG: '1' }]) {
        const result = await coffer([...command, '--store', address()], { more })
        const isSilent = command.includes('--json') ? JSON.parse(result.out).ok === false : result.out === ''
        expect({ command, code: result.code, isSilent }).toEqual({ command, code, isSilent: true })
        expect(result.err).toContain(expected)
        expectNoSecret(result)
      }
    }
  })

  test('a database that is not there is told without the password, as a store that is not there', async () => {
    const address = new URL(database.url)
    address.pathname = '/nowhere'
    const result = await coffer(['ls', '--store', address.href], { more: { COFFER_DEBUG: '1' } })
    expect(result.code).toBe(2)
    expect(result.err).toContain('(3D000)')
    expectNoSecret(result)
  })

  test('is in no output of commands that succeed', async () => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    for (const command of [
      ['import', runs, '--json'],
      ['import', runs],
      ['ls'],
      ['ls', 'sessions', '--json'],
      ['verify', '--json'],
      ['export'],
    ]) {
      const result = await coffer([...command, ...at('shown')], { more: { COFFER_DEBUG: '1' } })
      expect({ command, code: result.code }).toEqual({ command, code: 0 })
      expectNoSecret(result)
    }
    expect((await coffer(['export', ...at('shown')])).out).toContain(KEY)
  })
})

function inParameter(): string {
  const url = new URL(database.url)
  url.password = ''
  return `${url.href}?password=${CANARY}`
}

function expectNoSecret({ out, err }: Result): void {
  expect(out + err).not.toContain(CANARY)
  expect(out + err).not.toContain(new URL(database.url).password)
}
