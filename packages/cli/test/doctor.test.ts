import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copy } from '@coffer/backup'
import { type Check, createStore, type Inspection } from '@coffer/core'
import { memory } from '@coffer/memory'
import { describe, expect, test } from 'vitest'
import { diagnose } from '../src/index.ts'
import { AT, aRun, coffer, file, folder } from './command.ts'
import { DEFINITIONS, projectFile } from './project.ts'

const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

async function doctor(...options: readonly string[]) {
  const { code, out, err } = await coffer(['doctor', '--json', ...options])
  const { ok, checks }: { ok: boolean; checks: readonly Check[] } = JSON.parse(out)
  return { code, err, ok, of: (topic: string) => checks.filter((check) => check.topic === topic) }
}

describe.each(['file:./data', 'sqlite:./agents.db'])('coffer doctor on %s', (address) => {
  const at = ['--store', address]

  test('finds all as it should be with a store that was just made', async () => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...at])
    const { code, out, err } = await coffer(['doctor', '--deep', ...at])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(new RegExp(`\\nall \\d+ checks are good, of ${address}\\n$`))
    expect(out).toContain('good     definitions: all tables are as they are defined')
    expect(out).toContain('good     structure: the engine finds nothing damaged')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('does not let the engine read everything unless it is asked to', async () => {
    await coffer(['init', ...at])
    expect((await doctor(...at)).of('structure')).toEqual([])
    expect((await doctor('--deep', ...at)).of('structure')).toMatchObject([{ state: 'good' }])
  })

  test('tells of tables that differ from what is defined, and of what to do', async () => {
    await coffer(['init', ...at])
    const config = ['--config', projectFile(DEFINITIONS, 'own.config.ts'), ...at]
    const { code, ok, of } = await doctor(...config)
    expect({ code, ok }).toEqual({ code: 0, ok: true })
    expect(of('definitions')).toMatchObject([
      { state: 'warning', says: 'the tables differ from what is defined: 3 steps to go' },
    ])
    const told = await coffer(['doctor', ...config])
    expect(plain(told.out)).toContain('→ coffer migrate --dry-run shows the plan, coffer migrate applies it')
    expect(plain(told.out)).toMatch(/ 1 warning, \d+ good, of /)
  })

  test('tells of records that a newer release has written', async () => {
    const newer = DEFINITIONS.replace(
      "  key: 'key',",
      "  key: 'key',\n  version: 2,\n  upgrade: { 1: (old) => old },",
    )
    await coffer(['init', ...at, '--config', projectFile(newer, 'newer.config.ts')])
    const { code, ok, of } = await doctor(...at, '--config', projectFile(DEFINITIONS, 'older.config.ts'))
    expect({ code, ok }).toEqual({ code: 1, ok: false })
    expect(of('definitions')).toMatchObject([
      { state: 'bad', advice: expect.stringContaining('newer release') },
    ])
  })

  test('refuses a store that is not there, and makes none', async () => {
    const { code, out, err } = await coffer(['doctor', ...at])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('coffer init makes one')
    expect(existsSync(join(folder, address.replace(/^\w+:/, '')))).toBe(false)
  })

  test('tells who else may read it', async () => {
    await coffer(['init', ...at])
    chmodSync(join(folder, address.replace(/^\w+:/, '')), 0o777)
    const { of } = await doctor(...at)
    expect(of('permissions')).toMatchObject([{ advice: expect.stringContaining('chmod') }])
  })
})

test('tells of a copy that was begun and never finished', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...AT])
  const interruption = new AbortController()
  await using source = createStore({ type: 'sqlite', path: 'agents.db', readOnly: true })
  {
    await using target = createStore({ type: 'sqlite', path: 'target.db' })
    const onProgress = () => interruption.abort()
    await expect(copy(source, target, { signal: interruption.signal, onProgress })).rejects.toThrow()
  }
  const { code, of } = await doctor('--store', 'target.db')
  expect(code).toBe(1)
  expect(of('copy')).toMatchObject([{ state: 'bad', advice: expect.stringContaining('coffer copy') }])
  await using target = createStore({ type: 'sqlite', path: 'target.db' })
  await copy(source, target)
  expect((await doctor('--store', 'target.db')).of('copy')).toEqual([])
})

describe('a directory that is damaged', () => {
  const at = ['--store', 'file:./data']

  /** Changes a bit of the last line of the log, or of the third. */
  function spoil(where: 'middle' | 'end'): void {
    const path = join(folder, 'data', 'log-000001.jsonl')
    const text = readFileSync(path)
    const third = text.indexOf('\n', text.indexOf('\n') + 1)
    const offset = where === 'middle' ? third + 40 : text.length - 10
    text[offset] = (text[offset] ?? 0) ^ 1
    writeFileSync(path, text)
  }

  test.each(['middle', 'end'] as const)('in the %s is told with what to do', async (where) => {
    await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...at])
    spoil(where)
    const { code, out, err } = await coffer(['doctor', '--deep', ...at])
    expect(code).toBe(1)
    expect(plain(out + err)).toMatch(/log-000001\.jsonl.* damaged|damaged.*log-000001\.jsonl/)
    expect(plain(out + err)).toContain('coffer repair')
  })
})

describe('diagnose', () => {
  const ourTime = Date.parse('2026-01-01T00:00:00Z')

  /** Checks of a place whose machine has this time, and which finds these problems. */
  async function found(
    told: Partial<Inspection>,
    problems: readonly string[] = [],
  ): Promise<readonly Check[]> {
    const backend = memory()
    const inspect = async () => ({
      engine: 'fake',
      facts: {},
      sizes: [],
      bytes: null,
      clock: null,
      checks: [],
      ...told,
    })
    const check = async () => problems
    await using store = createStore({
      backend: Object.assign(Object.create(backend), { inspect, check }),
      clock: { now: () => ourTime },
    })
    return await diagnose(store, { deep: true })
  }

  test.each([
    ['good', 1_000],
    ['good', -1_000],
    ['warning', 1_001],
    ['warning', -30_000],
    ['bad', 30_001],
    ['bad', -3_600_000],
  ])('finds it %s when the clocks are %d ms apart', async (state, skewMs) => {
    const checks = await found({ clock: ourTime + skewMs })
    expect(checks.filter(({ topic }) => topic === 'clock')).toMatchObject([{ state }])
  })

  test('judges no clock that the backend has judged, nor one that is its own', async () => {
    const own = { topic: 'clock', state: 'good', says: 'close enough' } as const
    expect(await found({ clock: ourTime + 3_600_000, checks: [own] })).toContainEqual(own)
    for (const told of [{ clock: ourTime + 3_600_000, checks: [own] }, { clock: null }]) {
      const checks = await found(told)
      expect(checks.filter(({ topic, state }) => topic === 'clock' && state !== 'good')).toEqual([])
    }
  })

  test('tells each problem of the structure', async () => {
    const checks = await found({}, ['page 3 is torn', 'page 4 is torn'])
    expect(checks.filter(({ topic }) => topic === 'structure')).toMatchObject([
      { state: 'bad', says: 'page 3 is torn', advice: expect.stringContaining('backup') },
      { state: 'bad', says: 'page 4 is torn' },
    ])
  })
})

test('is told as lines that fit a narrow terminal', async () => {
  await coffer(['init', ...AT])
  const { out } = await coffer(['doctor', ...AT], { columns: 40 })
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(40)
})
