import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { AT, aRun, coffer, cofferProcess, file, folder, MAIN } from './command.ts'

describe('coffer import', () => {
  test('makes a session, a trace and a resolution per tool call', async () => {
    const runs = file('runs.jsonl', [aRun('s-1', { reward: 1 }), aRun('s-2')])
    const { code, out, err } = await cofferProcess(['import', runs, ...AT, '--agent-id', 'meteo'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^2 runs in /)
    expect(out).toMatch(/events +10 +0 +0/)
    const shown = await coffer(['show', 'sessions', 's-1', ...AT, '--json'])
    expect(JSON.parse(shown.out)).toEqual({
      session_id: 's-1',
      agent_id: 'meteo',
      status: 'ended',
      created_at: '1970-01-01T00:00:00.000Z',
      ended_at: '1970-01-01T00:00:00.003Z',
      metadata: { import: { format: 'openai-chat', times: 'assigned' }, reward: 1 },
    })
    const resolution = await coffer(['ls', 'resolutions', ...AT, '--where', 'session_id=s-1', '--json'])
    expect(JSON.parse(resolution.out)).toEqual({
      resolution_id: 's-1/0003',
      request_id: 'call-1',
      agent_id: 'meteo',
      session_id: 's-1',
      decision: 'allow',
      allowed_actions: [{ name: 'weather', arguments: { city: 'Oslo' } }],
      context_blocks: [{ block_id: 's-1/0004', content: '21' }],
      created_at: '1970-01-01T00:00:00.001Z',
    })
    const trace = await coffer(['show', 'trace', 's-1', ...AT, '--json'])
    const events = trace.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.map((event) => [event.event_id, event.event_type])).toEqual([
      ['s-1/0001', 'message.user'],
      ['s-1/0002', 'message.assistant'],
      ['s-1/0003', 'tool.call'],
      ['s-1/0004', 'tool.result'],
      ['s-1/0005', 'message.assistant'],
    ])
  })

  test('a second time changes nothing, not even a version', async () => {
    const runs = file('runs.jsonl', [aRun('s-1'), { ...aRun('unnamed'), session_id: undefined }])
    await coffer(['import', runs, ...AT])
    const before = await coffer(['export', ...AT])
    const again = await coffer(['import', runs, ...AT, '--json'])
    expect(JSON.parse(again.out)).toMatchObject({
      ok: true,
      runs: 2,
      sessions: { new: 0, changed: 0, unchanged: 2 },
      resolutions: { new: 0, changed: 0, unchanged: 2 },
      events: { new: 0, changed: 0, unchanged: 10 },
    })
    expect((await coffer(['export', ...AT])).out).toBe(before.out)
    expect(before.out).not.toContain('"version":2')
  })

  test('given times stand', async () => {
    const messages = [
      { role: 'user', content: 'a', timestamp: '2026-03-01T10:00:00+01:00' },
      { role: 'assistant', content: 'b', created_at: 1_772_356_000 },
    ]
    const runs = file('runs.jsonl', [
      { session_id: 's', agent_id: 'own', created_at: '2026-03-01T08:59:00Z', messages },
    ])
    await coffer(['import', runs, ...AT, '--agent-id', 'other'])
    const { out } = await coffer(['show', 'sessions', 's', ...AT, '--json'])
    expect(JSON.parse(out)).toMatchObject({
      agent_id: 'own',
      created_at: '2026-03-01T08:59:00.000Z',
      ended_at: '2026-03-01T09:06:40.000Z',
      metadata: { import: { times: 'given' } },
    })
  })

  test('bad lines are named, counted and passed over', async () => {
    const runs = file('runs.jsonl', [
      aRun('s-1'),
      '{ "session_id": "secret-value", ',
      '',
      { session_id: 'no-messages' },
      { session_id: 's-3', messages: [{ role: 'robot', content: 'x' }] },
      aRun('s-1', { messages: [{ role: 'user', content: 'something else' }] }),
      { session_id: 's-4', messages: [{ role: 'user', content: 'a\u0000b' }] },
      aRun('s-2'),
    ])
    const { code, out, err } = await coffer(['import', runs, ...AT])
    expect(code).toBe(1)
    const told = err.trim().split('\n')
    expect(told.map((line) => line.split(': ')[0])).toEqual(
      [2, 4, 5, 6, 7].map((line) => `runs.jsonl:${line}`),
    )
    expect(told[0]).toContain('not valid JSON')
    expect(told[2]).toBe(
      "runs.jsonl:5: messages[0].role is 'robot'; it must be one of system, developer, user, assistant, tool",
    )
    expect(told[3]).toContain('other events')
    expect(err).not.toContain('secret-value')
    expect(out).toContain('5 bad lines')
    expect((await coffer(['count', 'sessions', ...AT])).out).toBe('2\n')
    expect((await coffer(['count', 'trace_events', ...AT])).out).toBe('10\n')
  })

  test('many bad lines are counted, and the first twenty are named', async () => {
    const runs = file('runs.jsonl', [...Array(25).fill('bad'), aRun('s-1')])
    const { code, out, err } = await coffer(['import', runs, file('more.jsonl', ['worse']), ...AT])
    const told = err.trim().split('\n')
    expect(code).toBe(1)
    expect(told.slice(19)).toEqual([
      'runs.jsonl:20: it is not valid JSON',
      'runs.jsonl: … and 5 more bad lines',
      'more.jsonl:1: it is not valid JSON',
    ])
    expect(out).toContain('26 bad lines')
  })

  test('a file in another form is told with what to do', async () => {
    writeFileSync(join(folder, 'runs.jsonl.zst'), Buffer.from('28b52ffd0458', 'hex'))
    const pretty = file('pretty.json', [JSON.stringify(aRun('s-1'), null, 2)])
    const list = file('list.json', [[aRun('s-1')]])
    const packed = await coffer(['import', 'runs.jsonl.zst', ...AT])
    expect(packed).toMatchObject({
      code: 1,
      err: 'runs.jsonl.zst:1: the file looks compressed: unpack it first\n',
    })
    const { err } = await coffer(['import', pretty, list, ...AT])
    expect(err).toContain('pretty.json:1: it is a piece of pretty-printed JSON\n')
    expect(err.match(/one run a line is expected.*/g)).toEqual([
      'one run a line is expected: jq -c . pretty.json',
      "one run a line is expected: jq -c '.[]' list.json",
    ])
  })

  test.each([[], ['--into', 'sessions']])('a packed file that is cut is named, %j', async (...more) => {
    const packed = gzipSync(JSON.stringify(aRun('s-1')))
    writeFileSync(join(folder, 'cut.jsonl.gz'), packed.subarray(0, -20))
    const { code, out, err } = await coffer(['import', 'cut.jsonl.gz', '--json', ...more, ...AT])
    expect({ code, err }).toEqual({
      code: 1,
      err: "coffer: cut.jsonl.gz is cut off or damaged: gzip can't unpack it\n",
    })
    expect(JSON.parse(out)).toMatchObject({ ok: false, code: 'CORRUPT' })
  })

  test('a file that gzip has packed is unpacked', async () => {
    writeFileSync(join(folder, 'runs.jsonl.gz'), gzipSync(JSON.stringify(aRun('s-1'))))
    const { code, out } = await coffer(['import', 'runs.jsonl.gz', ...AT, '--json'])
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, runs: 1 })
  })

  test('a file without a run is told', async () => {
    const { code, err } = await coffer(['import', file('empty.jsonl', ['']), ...AT])
    expect({ code, err }).toEqual({ code: 0, err: 'empty.jsonl: it has no runs\n' })
  })

  test('--strict stops at the first bad line and keeps what came before', async () => {
    const bad = aRun('s-2', { messages: [...aRun('').messages, { role: 'user', content: 'a\u0000b' }] })
    const runs = file('runs.jsonl', [aRun('s-1'), bad, aRun('s-3')])
    const { code, out } = await coffer(['import', runs, ...AT, '--strict', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      runs: 1,
      bad_lines: 1,
      problems: [{ file: 'runs.jsonl', line: 2 }],
    })
    expect((await coffer(['count', 'trace_events', ...AT])).out).toBe('5\n')
  })

  test('standard input is read as -', async () => {
    const { code } = await cofferProcess(['import', '-', ...AT], `${JSON.stringify(aRun('s-1'))}\r\n`)
    expect(code).toBe(0)
    expect((await coffer(['count', 'sessions', ...AT])).out).toBe('1\n')
  })

  test('Ctrl-C ends an import between two commits and tells what is stored', async () => {
    const child = spawn(process.execPath, [MAIN, 'import', '-', ...AT], { cwd: folder })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    // A bad line is told once all before it is stored.
    child.stderr.once('data', () => child.kill('SIGINT'))
    child.stdin.write(`${JSON.stringify(aRun('s-1'))}\nbad\n${JSON.stringify(aRun('s-2'))}\n`)
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(130)
    expect(out).toMatch(/^Interrupted: 1 run in /)
    expect(out).toContain('Run it again to go on: what is stored is passed over.\n')
    expect((await coffer(['count', 'sessions', ...AT])).out).toBe('1\n')
  })

  test('a tenant keeps its own', async () => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    await coffer(['import', runs, ...AT, '--tenant', 'acme'])
    expect((await coffer(['count', 'sessions', ...AT])).out).toBe('0\n')
    expect((await coffer(['count', 'sessions', ...AT, '--tenant', 'acme'])).out).toBe('1\n')
  })

  test('a missing file, format or time is told before a store is made', async () => {
    const missing = await coffer(['import', 'nowhere.jsonl', ...AT])
    expect(missing).toMatchObject({ code: 2, err: 'coffer: there is no file nowhere.jsonl\n' })
    const runs = file('runs.jsonl', [aRun('s-1')])
    expect((await coffer(['import', runs, ...AT, '--format', 'xml'])).code).toBe(2)
    expect((await coffer(['import', runs, ...AT, '--started-at', 'soon'])).code).toBe(2)
    expect(existsSync(join(folder, 'agents.db'))).toBe(false)
  })
})
