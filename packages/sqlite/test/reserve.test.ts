/** The room that is kept beside a database. */

import { readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { reserveAt } from '../src/reserve.ts'
import { AT, group, put } from './layouts.ts'
import { opened, temporaryPath } from './places.ts'

const FIRST_BYTES = 256 * 1_024

test('it takes blocks, gives them up, and takes them again', () => {
  const path = temporaryPath()
  const reserve = reserveAt(path)
  reserve.resize(0)
  expect(reserve.bytes()).toBe(0)
  reserve.resize(200_000)
  expect(reserve.bytes()).toBe(200_000)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  reserve.resize(100_000)
  expect(reserve.bytes()).toBe(100_000)
  reserve.resize(0)
  expect(reserve.bytes()).toBeGreaterThan(0)
  expect(reserve.bytes()).toBeLessThan(1_000)
  reserve.resize(300_000)
  expect(reserve.bytes()).toBe(300_000)
})

test('a file that has lost its blocks is filled anew', () => {
  const path = temporaryPath()
  const reserve = reserveAt(path)
  reserve.resize(200_000)
  truncateSync(path, 100)
  truncateSync(path, 200_000)
  expect(reserve.bytes()).toBeLessThan(200_000)
  reserve.resize(200_000)
  expect(reserve.bytes()).toBe(200_000)
})

test('what is not its own is left alone', () => {
  const path = temporaryPath()
  writeFileSync(path, 'a letter to somebody, which is longer than what such a file begins with\n'.repeat(9))
  const before = readFileSync(path, 'utf8')
  const reserve = reserveAt(path)
  reserve.resize(0)
  reserve.resize(before.length * 2)
  expect(readFileSync(path, 'utf8')).toBe(before)
  const link = `${path}-link`
  symlinkSync(path, link)
  reserveAt(link).resize(100_000)
  expect(readFileSync(path, 'utf8')).toBe(before)
})

test('it grows ahead of what is in the log alone, as far as the options allow', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'none', reserveBytes: 600_000 })
  const size = () => statSync(`${path}-reserve`).size
  expect(size()).toBe(FIRST_BYTES)
  const document = JSON.stringify({ id: 'a', text: 'x'.repeat(100_000) })
  for (let index = 0; index < 5; index++) await backend.write([group(put(`k${index}`, { document }))], AT)
  expect(size()).toBe(600_000)
  for (let index = 0; index < 50; index++) await backend.write([group(put(`k${index}`, { document }))], AT)
  expect(size()).toBe(600_000)
})

test('there is none for those who want none', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, reserveBytes: 0 })
  await backend.write([group(put('a'))], AT)
  await backend.close()
  expect(() => statSync(`${path}-reserve`)).toThrow('ENOENT')
})
