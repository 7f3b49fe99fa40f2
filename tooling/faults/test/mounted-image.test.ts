import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { imageProbe } from '../src/mounted-image.ts'
import { whyNotMounted } from '../src/private-mounts.ts'
import type { CutTrial } from './mounted-image-trial.ts'

const reason = await whyNotMounted(imageProbe)

async function cutOnce(): Promise<CutTrial> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-trial-'))
  const trial = fileURLToPath(new URL('./mounted-image-trial.ts', import.meta.url))
  const { stdout } = await promisify(execFile)('unshare', ['--mount', process.execPath, trial, folder])
  rmdirSync(folder)
  return JSON.parse(stdout)
}

describe('a disk whose power is cut', () => {
  test('has what was synced, and nothing else', async (context) => {
    if (reason !== undefined) context.skip(reason)
    const { synced, unsynced, canWriteAfterTheCut } = await cutOnce()
    expect(synced).toBe('synced')
    expect(unsynced).toBeNull()
    expect(canWriteAfterTheCut).toBe(false)
  })

  test('takes all child processes with it, until the power is back', async (context) => {
    if (reason !== undefined) context.skip(reason)
    expect((await cutOnce()).childStoodStill).toEqual([true, false])
  })

  test('is seen by nobody else', async (context) => {
    if (reason !== undefined) context.skip(reason)
    const before = readFileSync('/proc/self/mounts', 'utf8')
    await cutOnce()
    expect(readFileSync('/proc/self/mounts', 'utf8')).toBe(before)
  })
})

describe('what a machine can not do', () => {
  test('is told by what the system says', async (context) => {
    const cannotTry = await whyNotMounted('true')
    if (cannotTry !== undefined) context.skip(cannotTry)
    expect(await whyNotMounted('echo mkfs.ext4: not found >&2; exit 1')).toContain('mkfs.ext4: not found')
  })
})
