import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Output } from '../src/output/terminal.ts'
import { runCommand } from '../src/program.ts'
import { AT, aRun, coffer, file, folder } from './command.ts'
import { sqliteTampering } from './tampering.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

/** Where a watch is shown, and what happens meanwhile. */
interface Watching {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  /** What happens after each look; the first behind them is answered with Ctrl-C. */
  readonly between: readonly (() => void)[]
}

/** Runs `coffer health --watch` within this process. */
async function watched(commandLine: readonly string[], { between, ...screen }: Watching) {
  const shown: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      shown.push(chunk.toString())
      const next = between[shown.length - 1]
      if (next === undefined) process.emit('SIGINT')
      next?.()
      done()
    },
  })
  const out = new Output(Object.assign(stream, screen))
  const terminal = { out, err: out, stdin: Readable.from([]), environment: {} }
  const code = await runCommand(['health', '--watch', '0.1', ...commandLine], terminal)
  return { code, shown }
}

describe.each(['file:./data', 'sqlite:./agents.db'])('coffer health on %s', (address) => {
  const at = ['--store', address]

  test('tells that it answers, how quickly, and how much it holds', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    const { code, out, err } = await coffer(['health', ...at])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^ok {2}\d\d:\d\d:\d\dZ {2}/)
    expect(out.split('\n')[0]).toContain(address)
    expect(out).toMatch(/\nread +\d+(\.\d+)? ms\n/)
    expect(out).not.toContain('write')
    expect(out).toMatch(/\ntrace_events +5 /)
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('tells it as JSON', async () => {
    await coffer(['init', ...at])
    const { code, out } = await coffer(['health', '--json', ...at])
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 0,
      ok: true,
      answers: true,
      backend: address.split(':')[0],
      read_ms: expect.any(Number),
      open_ms: expect.any(Number),
      write_ms: null,
      failure: null,
    })
  })

  test('writes only where it is asked to, where nobody else finds it', async () => {
    await coffer(['init', ...at])
    const exported = (await coffer(['export', ...at])).out
    await coffer(['health', ...at])
    expect((await coffer(['status', ...at])).out).not.toContain('coffer_health')
    expect((await coffer(['health', '--write', ...at])).out).toMatch(/\nwrite +\d/)
    const { tables } = JSON.parse((await coffer(['status', '--json', ...at])).out)
    expect(tables).toContainEqual(
      expect.objectContaining({ name: 'coffer_health', kind: 'internal', rows: 0 }),
    )
    expect((await coffer(['export', ...at])).out).toBe(exported)
    expect((await coffer(['ls', ...at])).out).not.toContain('coffer_')
    const { unknown, migration } = JSON.parse((await coffer(['status', '--json', ...at])).out)
    expect({ unknown, migration }).toEqual({ unknown: [], migration: [] })
  })

  test('refuses a store that is not there', async () => {
    for (const options of [[], ['--write'], ['--watch']]) {
      const { code, out, err } = await coffer(['health', ...options, ...at])
      expect({ options, code, out }).toEqual({ options, code: 2, out: '' })
      expect(err).toContain('coffer init makes one')
    }
  })

  test('shows an outage while it watches, and outlives it', async () => {
    await coffer(['init', ...at])
    const place = join(folder, address.replace(/^\w+:/, ''))
    const { code, shown } = await watched(at, {
      between: [() => renameSync(place, `${place}.away`), () => renameSync(`${place}.away`, place)],
    })
    expect(shown.map((line) => line.split(', ')[1])).toEqual(['ok', 'not ok', 'ok'])
    expect(shown[1]).toContain('NOT_FOUND: no such store')
    expect(code).toBe(0)
  })
})

describe('coffer health --watch', () => {
  test.each([
    ['where no terminal is', {}],
    ['on a terminal that does not say how large it is', { isTTY: true, columns: 0, rows: 0 }],
  ])('writes a line a look %s', async (_where, screen) => {
    await coffer(['init', ...AT])
    const { code, shown } = await watched(AT, { ...screen, between: [() => undefined] })
    expect(code).toBe(0)
    expect(shown).toHaveLength(2)
    for (const line of shown) {
      expect(line).toMatch(
        /^\d{4}-\d\d-\d\dT[\d:.]+Z, ok, read [\d.]+ ms, open \d+(\.\d+)? ms, [\d.]+ [kM]?B\n$/,
      )
    }
  })

  test('writes a line of JSON a look', async () => {
    await coffer(['init', ...AT])
    const { shown } = await watched([...AT, '--json', '--write'], { between: [() => undefined] })
    expect(shown.map((line) => JSON.parse(line))).toMatchObject([
      { ok: true, write_ms: expect.any(Number) },
      { ok: true, write_ms: expect.any(Number) },
    ])
  })

  test('draws the dashboard anew on a terminal, with growth a second, and leaves the cursor alone', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...AT])
    const { code, shown } = await watched(AT, {
      ...{ isTTY: true, columns: 80, rows: 24 },
      between: [() => sqliteTampering.remove('sessions', 's-1')],
    })
    expect(code).toBe(0)
    const [first = '', second = ''] = shown.map((drawn) => stripVTControlCharacters(drawn))
    expect(first).toMatch(/\nsessions +2 /)
    expect(second).toMatch(/sessions +1 +-\d+\/s /)
    // Hiding the cursor is what could be left behind.
    expect(shown.join('')).not.toContain('\u001B[?25l')
  })

  test('ends with what the last look has found', async () => {
    await coffer(['init', ...AT])
    const { code, shown } = await watched(AT, { between: [() => rmSync(join(folder, 'agents.db'))] })
    expect({ code, looks: shown.length }).toEqual({ code: 1, looks: 2 })
  })

  test.each(['0', '0.01', '90000', 'often'])('refuses %s seconds', async (seconds) => {
    const { code, err } = await coffer(['health', '--watch', seconds, ...AT])
    expect(code).toBe(2)
    expect(plain(err)).toContain('a number of seconds from 0.1 to 86400')
  })
})

test('a store that may not be written to is told as not ok, beside how quickly it reads', async () => {
  await coffer(['init', ...AT])
  file('coffer.config.json', [{ type: 'sqlite', path: 'agents.db', readOnly: true }])
  const { code, out } = await coffer(['health', '--write', '--json'])
  expect({ code, ...JSON.parse(out) }).toMatchObject({
    code: 1,
    ok: false,
    read_ms: expect.any(Number),
    failure: { code: expect.stringMatching(/READ_ONLY|UNSUPPORTED/) },
  })
})
