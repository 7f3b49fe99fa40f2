/** Several processes on one file. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isStoreError } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { AT, group, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

/** Runs the worker to its end; answers what it said on its way down, empty when all went well. */
async function worker(path: string, name: string, count: number): Promise<string> {
  const script = fileURLToPath(new URL('./worker.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path, name, String(count)], { timeout: 50_000 })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  const [code] = await once(child, 'close')
  return code === 0 ? '' : `code ${code}: ${said}`
}

test('two processes write at once and lose nothing', async () => {
  const path = temporaryPath()
  expect(await Promise.all([worker(path, 'a', 200), worker(path, 'b', 200)])).toEqual(['', ''])
  const backend = await opened({ path })
  expect(await backend.count(NOTES, { tenant: 't', where: undefined, visibility: 'live' }, AT)).toBe(401)
  expect((await backend.read(NOTES, [put('shared')]))[0]?.version).toBe(400)
})

test('sixteen processes open an empty file at once', async () => {
  const path = temporaryPath()
  const names = Array.from({ length: 16 }, (_, index) => `p${index}`)
  const said = await Promise.all(names.map((name) => worker(path, name, 1)))
  expect(said.filter((text) => text !== '')).toEqual([])
  const backend = await opened({ path })
  expect((await backend.read(NOTES, [put('shared')]))[0]?.version).toBe(16)
})

test('a lock held elsewhere is waited for without stopping the event loop, then BUSY', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, busyTimeoutMs: 200 })
  const other = rawConnection(path)
  other.exec('BEGIN IMMEDIATE')
  let turns = 0
  const ticking = setInterval(() => {
    turns += 1
  }, 5)
  const started = performance.now()
  const error = await backend.write([group(put('a'))], AT).catch((reason: unknown) => reason)
  clearInterval(ticking)
  expect(isStoreError(error, 'BUSY')).toBe(true)
  expect(String(error)).toContain('busyTimeoutMs')
  expect(performance.now() - started).toBeLessThan(5_000)
  expect(turns).toBeGreaterThan(3)
  expect(await backend.read(NOTES, [put('a')])).toEqual([undefined])
  other.exec('COMMIT')
  expect((await backend.write([group(put('a'))], AT))[0]?.ok).toBe(true)
})

test('a write waits for a lock that is given back in time', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  const other = rawConnection(path)
  other.exec('BEGIN IMMEDIATE')
  const written = backend.write([group(put('a'))], AT)
  other.exec('ROLLBACK')
  expect((await written)[0]?.ok).toBe(true)
})

test('two stores of one process take turns at one file', async () => {
  const path = temporaryPath()
  const [first, second] = [await opened({ path }), await opened({ path })]
  const writes = Array.from({ length: 40 }, (_, index) =>
    (index % 2 === 0 ? first : second).transaction((transaction) => transaction.write(group(put('a')), AT)),
  )
  await Promise.all(writes)
  expect((await first.read(NOTES, [put('a')]))[0]?.version).toBe(40)
})
