/**
 * Nothing but SQLite opens the file of a database that is open: a process loses its locks on a file when it closes
 * any descriptor of it. SQLite has learned to notice some of that; it is not put to the test.
 */

import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sqlite } from '../src/index.ts'
import { AT, group, NOTES, put } from './layouts.ts'
import { opened, temporaryPath } from './places.ts'

const LOCKS = '/proc/locks'
const canTell = process.platform === 'linux'

/** How many locks this process holds on a file. */
function locksOn(path: string): number {
  const holder = ` ${process.pid} `
  const file = `:${statSync(path).ino} `
  return readFileSync(LOCKS, 'utf8')
    .split('\n')
    .filter((line) => line.includes(holder) && line.includes(file)).length
}

test('whatever a store does, the locks of another store in the process stay', async (context) => {
  if (!canTell) return context.skip('the locks of a process can be read on Linux alone')
  const path = temporaryPath()
  const backend = await opened({ path })
  await backend.write([group(put('a'))], AT)
  expect(locksOn(path)).toBeGreaterThan(0)
  const second = sqlite({ path })
  await second.open([NOTES])
  const document = JSON.stringify({ id: 'a', text: 'x'.repeat(1_000_000) })
  for (let index = 0; index < 6; index++) await second.write([group(put(`k${index}`, { document }))], AT)
  await second.transaction(async (transaction) => transaction.write(group(put('b')), AT))
  await second.sweep(NOTES, { type: 'expired', tenant: undefined }, 10, AT)
  expect(await second.check()).toEqual([])
  await second.close()
  const reader = sqlite({ path, readOnly: true })
  await reader.open([NOTES])
  await reader.close()
  expect(locksOn(path)).toBeGreaterThan(0)
  // Were it otherwise, it would show.
  closeSync(openSync(path, 'r'))
  expect(locksOn(path)).toBe(0)
})
