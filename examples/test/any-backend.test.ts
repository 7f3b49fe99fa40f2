import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { StoreConfig } from '@coffer/core'
import { createDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../src/any-backend.ts', import.meta.url))

async function said(config: StoreConfig, folder: string) {
  const file = join(folder, `${'type' in config ? config.type : ''}.json`)
  writeFileSync(file, JSON.stringify(config))
  const child = spawn(process.execPath, [PROGRAM, file], { cwd: folder })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { out, err, code: child.exitCode }
}

test('a program says the same on every backend, by its config alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-examples-'))
  await using database = await createDatabase(sharedServer())
  try {
    const memory = await said({ type: 'memory' }, folder)
    expect(memory).toMatchObject({ err: '', code: 0 })
    expect(memory.out).toContain('14 sessions, 35 resolutions, 162 events')
    expect(memory.out).not.toContain('✗')
    expect(await said({ type: 'file', basePath: 'agents' }, folder)).toEqual(memory)
    expect(await said({ type: 'sqlite', path: 'agents.db' }, folder)).toEqual(memory)
    expect(await said({ type: 'postgresql', connectionString: database.url }, folder)).toEqual(memory)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
