import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AT, aRun, coffer, cofferProcess, file, folder, MAIN } from './command.ts'
import { sqliteTampering } from './tampering.ts'

const COMMANDS = [
  'status',
  'ls',
  'show',
  'count',
  'verify',
  'import',
  'export',
  'backup',
  'restore',
  'backups',
  'copy',
  'init',
  'migrate',
  'cleanup',
  'repair',
]

describe('reading', () => {
  test('a store that is not there is not made', async () => {
    const commands = [['ls'], ['ls', 'sessions'], ['count', 'sessions'], ['export'], ['verify']]
    const results = await Promise.all(commands.map((command) => coffer([...command, ...AT])))
    const err = 'coffer: no such store: agents.db; coffer init makes one\n'
    expect(results).toEqual(commands.map(() => ({ code: 2, out: '', err })))
    expect(existsSync(join(folder, 'agents.db'))).toBe(false)
  })

  test('ls shows what there is, in 80 columns', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...AT])
    const collections = await coffer(['ls', ...AT])
    expect(collections.out).toMatch(/trace_events +log +10 +in 2 streams/)
    const one = await coffer(['ls', 'sessions', ...AT, '--limit', '1', '--order', 'session_id:desc'])
    expect(one.out).toMatch(/\ns-2 /)
    expect(one.out).toContain('1 of 2 records')
    const events = await coffer([
      'ls',
      'trace_events',
      ...AT,
      '--where',
      'sequence>=4',
      '--where',
      'trace_id=s-1',
    ])
    expect(events.out).toContain('2 of 2 records')
    for (const line of [collections.out, one.out, events.out].join('').split('\n')) {
      expect(line.length).toBeLessThanOrEqual(80)
    }
  })

  test('what would steer a terminal is shown, not done', async () => {
    const messages = [{ role: 'user', content: '\u001b[2Jgone' }]
    await coffer(['import', file('runs.jsonl', [{ session_id: 's\u001b[31m', messages }]), ...AT])
    const { out } = await coffer(['ls', 'sessions', ...AT])
    expect(out).not.toContain('\u001b')
    expect(out).toContain('s\\u001b[31m')
    expect((await coffer(['show', 'trace', 's\u001b[31m', ...AT])).out).not.toContain('\u001b')
  })

  test('verify checks the traces that are named', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...AT])
    sqliteTampering.edit('trace_events', 's-2/0003', 'Oslo', 'Rome')
    const { code, out } = await coffer(['verify', 's-1', 's-2', ...AT])
    expect(code).toBe(1)
    expect(out).toMatch(/^bad {2}s-2 at 3: .*\n2 traces, 8 events: 1 bad\n$/)
    const report = await coffer(['verify', 's-1', ...AT, '--json'])
    expect(JSON.parse(report.out)).toEqual({
      ok: true,
      traces: 1,
      bad: 0,
      events: 5,
      missing: [],
      problems: [],
    })
  })

  test('verify tells a trace that is not there', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
    const err = `coffer: there is no trace 'nope'\n`
    expect(await coffer(['verify', 'nope', ...AT])).toEqual({ code: 1, out: '', err })
    expect(await coffer(['verify', 'nope', 's-1', ...AT])).toEqual({
      code: 1,
      out: '1 trace, 5 events: all in order\n',
      err,
    })
    const { code, out } = await coffer(['verify', 'nope', ...AT, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ ok: false, traces: 0, missing: ['nope'] })
  })

  test('tables fit a narrow terminal, and events keep their time', async () => {
    const session = 'a-session-with-a-rather-long-name'
    const runs = file('runs.jsonl', [aRun(session)])
    const tables = [
      await coffer(['import', runs, ...AT], { columns: 50 }),
      await coffer(['ls', ...AT], { columns: 50 }),
      await coffer(['show', 'trace', session, ...AT], { columns: 50 }),
    ]
    const events = await coffer(['ls', 'trace_events', ...AT], { columns: 50 })
    // The last line of a list is a sentence.
    for (const { out } of [...tables, { out: events.out.split('\n').slice(0, -2).join('\n') }]) {
      for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(50)
    }
    expect(events.out).toContain(' 1970-01-01T00:00:00Z')
  })

  test('a reader that goes away ends the export quietly, and not as if all were written', async () => {
    const runs = Array.from({ length: 300 }, (_run, index) => aRun(`s-${index}`))
    await coffer(['import', file('runs.jsonl', runs), ...AT])
    const child = spawn(process.execPath, [MAIN, 'export', ...AT], { cwd: folder })
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, err }).toEqual({ code: 1, err: '' })
  })

  test('a record that is not there is an error', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
    expect((await cofferProcess(['show', 'sessions', 'nobody', ...AT])).code).toBe(1)
    expect((await coffer(['show', 'trace', 'nothing', ...AT])).code).toBe(1)
  })
})

describe('usage', () => {
  test.each([
    ['an unknown command', ['lst', ...AT]],
    ['an unknown option', ['ls', '--colour', ...AT]],
    ['an unknown collection', ['ls', 'notes', ...AT]],
    ['an unknown kind of store', ['ls', '--store', 'mysql://root:hunter2@localhost/x']],
    ['a config file that is not there', ['ls', '--store', 'other.json']],
    ['no store at all', ['ls']],
    ['a directory that is not there', ['ls', '--store', 'file:./folder']],
    ['a kind of store without its path', ['ls', '--store', 'file:']],
    ['an address that is none', ['ls', '--store', 'postgresql://root:hunter2/x@localhost/x']],
    ['a schema that can not be', ['ls', '--store', 'postgres://root:hunter2@localhost/x?schema=pg_x']],
    ['a kind of store with an odd password', ['ls', '--store', 'mysql://root:hunter/2@localhost/hunter2']],
  ])('%s is told in a sentence', async (_what, commandLine) => {
    const { code, out, err } = await coffer(commandLine)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^coffer: /)
    expect(err).not.toContain('    at ')
    expect(err).not.toContain('hunter2')
    expect(err).not.toContain('npm install')
    for (const line of err.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('a config file without the path of its store is told', async () => {
    for (const config of [
      { type: 'sqlite' },
      { type: 'sqlite', path: '' },
      { type: 'file' },
      { type: 'file', basePath: '' },
    ]) {
      file('coffer.config.json', [config])
      const { code, out, err } = await coffer(['ls'])
      expect({ config, code, out }).toEqual({ config, code: 2, out: '' })
      expect(err).toContain(`a store of type ${config.type}:`)
    }
  })

  test('a filter or an order that means nothing is told', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
    const bad = [
      ['--where', 'status'],
      ['--where', 'colour=red'],
      ['--where', 'created_at>yesterday'],
      ['--order', 'status:up'],
      ['--limit', '0'],
    ]
    const results = await Promise.all(bad.map((options) => coffer(['ls', 'sessions', ...AT, ...options])))
    expect(results.map((result) => result.code)).toEqual(bad.map(() => 2))
  })

  test('help tells the exit codes', async () => {
    const { code, out } = await cofferProcess(['--help'])
    expect(code).toBe(0)
    expect(out).toContain('Exit codes:')
    expect(out).toContain('file:./data')
    expect(out).toContain('?schema=name')
    for (const name of COMMANDS) {
      const help = (await coffer([name, '--help'])).out
      expect(help).toContain('Example')
      for (const line of [...out.split('\n'), ...help.split('\n')]) {
        expect(line.length).toBeLessThanOrEqual(80)
      }
    }
  })

  test('the store comes from COFFER_STORE or a config file here', async () => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    await cofferProcess(['import', runs], '', { COFFER_STORE: 'sqlite:./one.db' })
    expect(existsSync(join(folder, 'one.db'))).toBe(true)
    file('coffer.config.ts', [`export default { type: 'sqlite' as const, path: 'two.db', tenant: 'acme' }`])
    await cofferProcess(['import', runs])
    expect((await cofferProcess(['count', 'sessions'])).out).toBe('1\n')
    expect((await coffer(['count', 'sessions', '--store', 'two.db'])).out).toBe('0\n')
  })

  test('a broken config file shows nothing of itself', async () => {
    file('coffer.config.json', ['{ "type": "postgresql", "password": "hunter2"'])
    const { code, err } = await coffer(['ls'])
    expect({ code, err }).toEqual({ code: 2, err: 'coffer: coffer.config.json is not valid JSON\n' })
  })
})
