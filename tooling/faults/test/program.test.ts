/** The command, with rigs that find what they are told to find. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { runFaults } from '../src/program.ts'
import type { Rig, RigOptions, RigResult } from '../src/rig.ts'

const SOUND: RigResult = {
  counts: { kills: 1_234 },
  violations: [],
  control: { description: 'a careless store', trials: 20, violations: 12 },
}

interface Planted {
  readonly name?: string
  readonly result?: Partial<RigResult>
  readonly unavailable?: string
  readonly run?: (options: RigOptions) => Promise<RigResult>
}

function rig({ name = 'kill.file', result = {}, unavailable, run }: Planted): Rig {
  return {
    name,
    description: 'kills processes',
    unavailable: async () => unavailable,
    run: run ?? (async () => ({ ...SOUND, ...result })),
  }
}

/** Runs the command; answers its exit code and what it printed. */
async function faults(argv: readonly string[], ...rigs: readonly Rig[]) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const code = await runFaults(argv, rigs, { stdout, stderr })
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') }
}

test('a rig that finds nothing, and whose control arm is caught, is ok in one line', async () => {
  const { code, out } = await faults(['--seed', '7'], rig({}))
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    'seed 7, effort long',
    expect.stringMatching(/^kill\.file +ok +1,234 kills, control lost 12 of 20, \d+\.\d s$/),
    '',
  ])
})

test('a broken promise ends with 1, and says how to see it again', async () => {
  const broken = rig({ result: { violations: ['round 3: a record is gone'] } })
  const { code, out } = await faults(['--seed', '7', '--effort', 'short'], broken)
  expect(code).toBe(1)
  expect(out).toMatch(/^kill\.file +FAILED +1,234 kills, 1 violations/m)
  expect(out).toContain('  - round 3: a record is gone\n')
  expect(out).toContain('  again: pnpm faults kill.file --seed 7 --effort short\n')
})

test('of many violations ten are shown, and the others counted', async () => {
  const violations = Array.from({ length: 25 }, (_, index) => `violation ${index}`)
  const { out } = await faults([], rig({ result: { violations } }))
  expect(out.match(/^ {2}- /gm)).toHaveLength(10)
  expect(out).toContain('  and 15 more\n')
})

test('a control arm that finds nothing is a failure', async () => {
  const control = { description: 'a careless store', trials: 20, violations: 0 }
  const { code, out } = await faults([], rig({ result: { control } }))
  expect(code).toBe(1)
  expect(out).toMatch(/^kill\.file +FAILED/m)
  expect(out).toContain('the control arm found nothing wrong with a careless store')
})

test('a rig that throws is a failure, and the others still run', async () => {
  const broken = rig({ run: () => Promise.reject(new Error('the disk is on fire')) })
  const { code, out } = await faults([], broken, rig({ name: 'kill.sqlite' }))
  expect(code).toBe(1)
  expect(out).toMatch(/^kill\.file +FAILED/m)
  expect(out).toContain('the disk is on fire')
  expect(out).toMatch(/^kill\.sqlite +ok/m)
})

test('a rig that cannot run here is left out with its reason, which is no failure', async () => {
  const { code, out } = await faults([], rig({ unavailable: 'it needs root' }))
  expect(code).toBe(0)
  expect(out).toMatch(/^kill\.file +left out +it needs root$/m)
})

test('the seed and the effort reach the rigs; without a seed one is drawn and printed', async () => {
  const seen: RigOptions[] = []
  const watching = rig({
    run: async (options) => {
      seen.push(options)
      return SOUND
    },
  })
  await faults(['--seed', '4294967295', '--effort', 'short'], watching)
  const { out } = await faults([], watching)
  expect(seen[0]).toMatchObject({ seed: 4_294_967_295, effort: 'short' })
  expect(out).toContain(`seed ${seen[1]?.seed}, effort long\n`)
  expect(seen[1]?.seed).toBeGreaterThanOrEqual(0)
})

test('rigs are chosen by the beginnings of their names', async () => {
  const rigs = [rig({}), rig({ name: 'kill.sqlite' }), rig({ name: 'power-cut.file' })]
  const { out } = await faults(['kill.s', 'power'], ...rigs)
  expect(out.match(/^[\w.-]+(?= +ok)/gm)).toEqual(['kill.sqlite', 'power-cut.file'])
})

test.each([
  ['nonsense'],
  ['--seed=1.5'],
  ['--seed=-1'],
  ['--seed=4294967296'],
  ['--effort=huge'],
  ['--what'],
])('%s is not understood, which is said and ends with 2', async (argument) => {
  const { code, out, err } = await faults([argument], rig({}))
  expect(code).toBe(2)
  expect(out).toBe('')
  expect(err).not.toBe('')
})

test('--list prints names and descriptions, and runs nothing', async () => {
  const { code, out } = await faults(['--list'], rig({}), rig({ name: 'kill.sqlite' }))
  expect(code).toBe(0)
  expect(out).toBe('kill.file    kills processes\nkill.sqlite  kills processes\n')
})

test('--help shows examples', async () => {
  const { code, out } = await faults(['--help'])
  expect(code).toBe(0)
  expect(out).toContain('pnpm faults kill.file --seed 123')
})

test('--json writes the seed and all that was found', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'report.json')
  await faults(['--seed', '7', '--json', file], rig({}), rig({ name: 'kill.sqlite', unavailable: 'no' }))
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    seed: 7,
    effort: 'long',
    rigs: [
      { name: 'kill.file', outcome: 'ok', result: SOUND },
      { name: 'kill.sqlite', outcome: 'left out', reason: 'no' },
    ],
  })
})

test('no line of counts is longer than 100 columns', async () => {
  const counts = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`things of kind ${index}`, 10 ** index]),
  )
  const { out } = await faults([], rig({ name: 'crash-model.file', result: { counts } }))
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  expect(out.match(/things of kind \d+/g)).toHaveLength(12)
})

test('on a terminal a bar tells how far a rig is', async () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
  const halfway = rig({
    run: async ({ onProgress }) => {
      onProgress(1, 2)
      return SOUND
    },
  })
  await runFaults([], [halfway], { stdout: new PassThrough(), stderr })
  expect(String(stderr.read())).toContain('kill.file ')
})
