import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import type { Inspection } from '@coffer/core'
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { dashboard, lineOf } from '../src/health/dashboard.ts'
import { type Sample, Samples } from '../src/health/sample.ts'
import { Output } from '../src/output/terminal.ts'

const INSPECTION: Inspection = {
  engine: 'fake 1',
  facts: {},
  sizes: [],
  bytes: null,
  clock: null,
  checks: [],
}

function sampleOf(inspection: Partial<Inspection>, at = 0): Sample {
  const health = { ok: true, backend: 'fake', readMs: 0.4, writeMs: 12, failure: undefined }
  return { at, health, openMs: 3, inspection: { ...INSPECTION, ...inspection } }
}

const NOT_OK: Sample = {
  at: 0,
  health: {
    ok: false,
    backend: 'fake',
    readMs: null,
    writeMs: null,
    failure: { code: 'UNAVAILABLE', message: 'fake: nobody is there' },
  },
  openMs: 10_000,
  inspection: undefined,
}

function shown(samples: readonly Sample[], { columns = 80, rows }: { columns?: number; rows?: number } = {}) {
  const all = new Samples()
  for (const sample of samples) all.add(sample)
  const out = new Output(Object.assign(new Writable(), { isTTY: true, columns }))
  const lines = dashboard(out, 'postgresql://localhost:5432/agents?schema=coffer', all, rows)
  // Colours depend on the surroundings.
  return lines.map((line) => stripVTControlCharacters(line))
}

const size = (layout: string, rows: number) => ({ layout, rows, isEstimate: false, bytes: 1_500 })

/** More of everything than there is room for. */
const CROWDED = sampleOf({
  bytes: 83_391_508_480,
  facts: {
    max_connections: 97,
    connections_in_use: 12,
    transactions: 5_000,
    oldest_transaction_ms: 65_000,
    waiting_for_locks: 3,
    cache_hit_share: 0.9912,
  },
  sizes: Array.from({ length: 30 }, (_none, index) =>
    size(`a_collection_with_a_long_name_${index}`, index * 1e6),
  ),
  checks: Array.from({ length: 20 }, (_none, index) => ({
    topic: 'bloat',
    state: index % 2 === 0 ? ('warning' as const) : ('bad' as const),
    says: `the table ${index} has a great many dead rows beside hardly any live ones, which takes room`,
    advice: 'run VACUUM',
  })),
})

describe('the dashboard', () => {
  test.each([
    [80, 24],
    [40, 24],
    [20, 24],
    [80, 10],
    [10, 5],
  ])('of a crowded store fits %d × %d, its state first', (columns, rows) => {
    const lines = shown([CROWDED], { columns, rows: rows - 1 })
    expect(lines.length).toBeLessThanOrEqual(rows - 1)
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns)
    expect(lines[0]).toMatch(/^bad/)
  })

  test('shows at most twelve tables, the largest first, and how many more there are', () => {
    const sizes = Array.from({ length: 20 }, (_none, index) => size(`t${index}`, index))
    const lines = shown([sampleOf({ sizes })])
    const tables = lines.filter((line) => /^t\d/.test(line)).map((line) => line.split(' ')[0])
    expect(tables).toEqual(Array.from({ length: 12 }, (_none, index) => `t${19 - index}`))
    expect(lines.at(-1)).toBe('… and 7 more')
  })

  test('tells what the server is busy with', () => {
    const facts = (transactions: number) => ({ ...CROWDED.inspection?.facts, transactions })
    const text = shown([sampleOf({ facts: facts(5_000) }), sampleOf({ facts: facts(6_000) }, 2_000)]).join(
      '\n',
    )
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'load 12 of 97 connections, 500 transactions/s, longest open for 65 s, 3 waiting for locks, 99.1 % cache hits',
    )
  })

  test('tells growth a second since the first look that it has', () => {
    const looks = [0, 2_000].map((at) =>
      sampleOf({ bytes: 1e6 + at * 1_000, sizes: [size('t', 5 + at)] }, at),
    )
    const text = shown(looks).join('\n')
    expect(text).toMatch(/size +3\.0 MB {2}\+1\.0 MB\/s/)
    expect(text).toMatch(/t +2,005 +\+1,000\/s +1\.5 kB/)
  })

  test('tells what shrinks', () => {
    const looks = [0, 1_000].map((at) =>
      sampleOf({ bytes: 2e6 - at * 1_000, sizes: [size('t', 2_000 - at)] }, at),
    )
    expect(shown(looks).join('\n')).toMatch(/ -1\.0 MB\/s(.|\n)* -1,000\/s/)
  })

  test('tells times as the median beside the least and the most', () => {
    const times = [1, 2, 30].map((readMs) => {
      const sample = sampleOf({})
      return { ...sample, health: { ...sample.health, readMs } }
    })
    expect(shown(times)).toContain('read   2.00 ms  (1.00 ms to 30 ms)')
  })

  test('of a store that does not answer tells why, and no numbers of earlier looks', () => {
    const lines = shown([sampleOf({ bytes: 1 }), NOT_OK])
    expect(lines[0]).toMatch(/^not ok/)
    expect(lines.slice(1)).toEqual(['', 'UNAVAILABLE: fake: nobody is there'])
  })

  test('names what it has no room for', () => {
    expect(shown([CROWDED]).join('\n')).toMatch(/… \d+ more lines: coffer doctor tells all/)
  })
})

test.each([
  ['good', 'ok'],
  ['warning', 'ok'],
  ['bad', 'bad'],
] as const)('where a check is %s, the dashboard says %s', (state, says) => {
  const checks = [{ topic: 'disk', state, says: 'it is full' }]
  expect(shown([sampleOf({ checks })])[0]).toMatch(new RegExp(`^${says} `))
})

describe('a look on one line', () => {
  test('of a store that does not answer tells why', () => {
    expect(lineOf(NOT_OK)).toBe('1970-01-01T00:00:00.000Z, not ok, UNAVAILABLE: fake: nobody is there')
  })

  test('tells nothing that only programs can do', () => {
    const message = 'process 7 has ./data open: close it there, open this one with readOnly: true'
    const failure = { code: 'BUSY', message } as const
    expect(lineOf({ ...NOT_OK, health: { ...NOT_OK.health, failure } })).toMatch(
      /BUSY: process 7 has .\/data open$/,
    )
  })

  test('tells what deserves attention', () => {
    const checks = [{ topic: 'disk', state: 'bad', says: 'it is full', advice: 'make room' }] as const
    expect(lineOf(sampleOf({ checks, bytes: 2_000 }))).toBe(
      '1970-01-01T00:00:00.000Z, bad, read 0.40 ms, write 12 ms, open 3.00 ms, 2.0 kB, disk: it is full',
    )
  })
})

test('the oldest looks make room, so that a long watch stays small', () => {
  const samples = new Samples()
  for (let look = 0; look < 100; look++) samples.add({ ...sampleOf({}), openMs: look })
  expect(samples.spread(({ openMs }) => openMs)).toEqual([40, 70, 99])
})
