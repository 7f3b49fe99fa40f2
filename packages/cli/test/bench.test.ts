import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStore } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import { fill, measure } from '../src/bench/contest.ts'
import { AT, aRun, coffer, file, folder, MAIN } from './command.ts'
import { projectFile } from './project.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')
const SHORT = ['--seconds', '0.05', '--callers', '4']
const WORKS = ['put', 'get', 'update', 'find 20', 'transaction', 'append']

describe.each(['memory:', 'file:./data', 'sqlite:./agents.db'])('coffer bench beside %s', (address) => {
  const at = ['--store', address]

  test('measures every kind of work by one caller and by many, and leaves nothing behind', async () => {
    const { code, out, err } = await coffer(['bench', ...SHORT, '--json', ...at])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const {
      store,
      results,
    }: { store: string; results: { name: string; callers: number; perSecond: number }[] } = JSON.parse(out)
    expect(store).toBe(address)
    expect(results.map(({ name, callers }) => [name, callers])).toEqual(
      WORKS.flatMap((name) => [1, 4].map((callers) => [name, callers])),
    )
    for (const { perSecond } of results) expect(perSecond).toBeGreaterThan(0)
    expect(readdirSync(folder)).toEqual([])
  })
})

test('coffer bench of a server that does not answer tells so, and claims to have left nothing', async () => {
  const { code, out, err } = await coffer([
    'bench',
    ...SHORT,
    '--json',
    '--store',
    'postgresql://127.0.0.1:1/agents',
  ])
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ ok: false, code: 'UNAVAILABLE' })
  expect(plain(err)).toMatch(/^coffer: postgresql: no server answers there/)
})

test('coffer bench tells a table that fits', async () => {
  const { out } = await coffer(['bench', ...SHORT, '--store', 'memory:'])
  expect(out).toMatch(
    /^work +callers +per second +median +1 in 100 over\nput +1 +[\d,]+ +[\d.]+ ms +[\d.]+ ms\n/,
  )
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

describe('the store that is benched', () => {
  test.each([
    ['file:./data', 'data/log-000001.jsonl'],
    ['sqlite:./agents.db', 'agents.db'],
  ])('%s stays as it is to the byte', async (address, name) => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), '--store', address])
    const [before, there] = [readFileSync(join(folder, name)), readdirSync(folder)]
    expect((await coffer(['bench', ...SHORT, '--store', address])).code).toBe(0)
    expect(readFileSync(join(folder, name)).equals(before)).toBe(true)
    expect(readdirSync(folder)).toEqual(there)
  })

  test('may be named by a config module, for reading only, with a cache and hardly any tries', async () => {
    const options =
      "readOnly: true, migrate: 'verify', maxAttempts: 1, cache: { ttlMs: 1000, maxEntries: 10 }"
    projectFile(`export default { type: 'sqlite', path: 'agents.db', ${options} }`)
    const there = readdirSync(folder)
    expect(await coffer(['bench', ...SHORT])).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(folder)).toEqual(there)
  })

  test('is of a type that is known', async () => {
    const { code, out, err } = await coffer([
      'bench',
      '--config',
      file('other.json', [{ type: 'some-package' }]),
    ])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(plain(err)).toContain('knows stores of type memory, file, sqlite and postgresql alone')
  })

  test.each(['sqlite', 'file'])('of type %s says where it is', async (type) => {
    const { code, out, err } = await coffer(['bench', '--config', file('lame.json', [{ type }])])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(plain(err)).toMatch(/option '(path|basePath)'/)
  })
})

test.each([
  ['--seconds', '0'],
  ['--seconds', '3601'],
  ['--callers', '1'],
  ['--callers', '2.5'],
])('%s %s is refused', async (option, value) => {
  const { code, err } = await coffer(['bench', option, value, ...AT])
  expect(code).toBe(2)
  expect(plain(err)).toMatch(/It takes a (whole )?number from/)
})

test('a folder that nothing can be made in is told, and nothing is left behind', async () => {
  const { code, out, err } = await coffer(['bench', ...SHORT, '--store', 'file:./missing/data'])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^coffer: /)
  expect(readdirSync(folder)).toEqual([])
})

test('Ctrl-C ends a long work at once, tells what was measured, and leaves nothing behind', async () => {
  const child = spawn(process.execPath, [MAIN, 'bench', '--seconds', '3600', ...AT], { cwd: folder })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const looking = setInterval(() => {
    if (!readdirSync(folder).some((name) => /-coffer-bench-\w+-wal$/.test(name))) return
    clearInterval(looking)
    child.kill('SIGINT')
  }, 10)
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect({ code, err }).toEqual({ code: 130, err: 'coffer: interrupted; nothing of it is left behind\n' })
  expect(out).toMatch(/^work +callers/)
  expect(readdirSync(folder)).toEqual([])
})

describe('a work that is measured', () => {
  test('fails as its operation does, once no other is under way', async () => {
    await using store = createStore({ type: 'memory' })
    let underWay = 0
    const run = async (_store: unknown, turn: number) => {
      underWay++
      await new Promise((resolve) => setImmediate(resolve))
      underWay--
      if (turn === 5) throw new Error('enough')
    }
    const work = { name: 'any', callers: 4, run }
    await expect(measure(store, work, 60_000, new AbortController().signal)).rejects.toThrow('enough')
    expect(underWay).toBe(0)
  })

  test('that takes longer than there is time for is counted once', async () => {
    await using store = createStore({ type: 'memory' })
    await fill(store)
    let turns = 0
    const run = async () => {
      turns++
      for (const end = performance.now() + 20; performance.now() < end; );
    }
    const measured = await measure(store, { name: 'any', callers: 1, run }, 1, new AbortController().signal)
    expect(turns).toBe(2)
    expect(measured.medianMs).toBeGreaterThanOrEqual(20)
    expect(measured.perSecond).toBeGreaterThan(0)
  })
})
