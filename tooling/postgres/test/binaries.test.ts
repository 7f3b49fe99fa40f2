import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { canRun, copyPrograms } from '../src/binaries.ts'
import { privateFolder } from '../src/private-folder.ts'
import { serverUser } from '../src/server-user.ts'

test("programs in a place that is closed to the server's user run from a copy", () => {
  const closed = mkdtempSync(join(tmpdir(), 'coffer-closed-'))
  onTestFinished(() => rmSync(closed, { recursive: true }))
  const bin = join(closed, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'initdb'), '#!/bin/sh\nexit 0\n')
  chmodSync(join(bin, 'initdb'), 0o755)
  const user = serverUser()
  const folder = privateFolder(user, 'none.pid')
  onTestFinished(() => folder.remove())

  // Who is not root runs the server himself, and is kept out of nothing.
  expect(canRun(bin, user)).toBe(user === undefined)
  expect(canRun(copyPrograms(bin, folder.path), user)).toBe(true)
})

test('root hands over to somebody, others stay who they are', () => {
  const user = serverUser(['no such user', 'nobody'])
  if (process.getuid?.() === 0) expect(user?.uid).toBeGreaterThan(0)
  else expect(user).toBeUndefined()
})
