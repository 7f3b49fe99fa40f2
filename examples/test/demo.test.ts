import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const DEMO = fileURLToPath(new URL('../src/demo.ts', import.meta.url))

const started = performance.now()
const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO], { encoding: 'utf8' })
const milliseconds = performance.now() - started

test('the demo succeeds, and says nothing beside', () => {
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('the demo is over in ten seconds', () => {
  expect(milliseconds).toBeLessThan(10_000)
})

test('the demo fits a screen of 80 columns and 60 lines, without colours in a pipe', () => {
  const lines = stdout.trimEnd().split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(lines.length).toBeLessThanOrEqual(60)
  expect(stdout).not.toContain('\u001b')
})

test.each([
  ['imports the runs', '14 sessions, 35 resolutions, 162 events'],
  ['imports them again without a change', 'once more: 0 new'],
  ['shows a trace', 'refund_charge {"amount":19'],
  ['filters resolutions', '2026-03-03  invoice-004/'],
  ['rolls back', '"card declined": session and resolution are as they were'],
  ['refuses a lost update', 'second worker  refused: VERSION_CONFLICT'],
  ['lets a resolution expire', 'getResolution → undefined, cleanupExpired → 1 removed'],
  ['keeps a trace from being edited', 'refused: '],
  ['catches an edit', 'after: event 7: '],
  ['answers SQL', 'invoices  12  2026-03-03'],
  ['says what to try next', 'npx -y pnpm@12 coffer import'],
])('the demo %s', (_what, line) => {
  expect(stdout).toContain(line)
})
