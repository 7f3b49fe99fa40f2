import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { folder, MAIN } from './command.ts'

/** Runs the help in a process of its own, whose output goes into a file. */
function helpTo(output: number) {
  const child = spawn(process.execPath, [MAIN, '--help'], { cwd: folder, stdio: ['ignore', output, 'pipe'] })
  let err = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise<{ code: number | null; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, err }))
  })
}

test('output that does not fit on the disk is told in a sentence', async ({ skip }) => {
  if (!existsSync('/dev/full')) skip('this system has no device that is always full')
  const full = openSync('/dev/full', 'w')
  const { code, err } = await helpTo(full).finally(() => closeSync(full))
  expect({ code, err }).toEqual({
    code: 1,
    err: "coffer: the output can't be written: ENOSPC: no space left on device, write\n",
  })
})
