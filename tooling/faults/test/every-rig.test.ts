/** Every rig is played by the tests. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rigs } from '../src/rigs.ts'
import { ENDING, familyOf } from './short-form.ts'

const folder = join(import.meta.dirname, 'rigs')
const files = readdirSync(folder)

test('every family of rigs has a test file that is called after it, and there is no other', () => {
  const families = new Set(rigs.map(({ name }) => familyOf(name)))
  expect(files.toSorted()).toEqual([...families].map((family) => family + ENDING).toSorted())
})

test.each(files)('%s plays its family', (file) => {
  expect(readFileSync(join(folder, file), 'utf8')).toContain('\ntestFamily(import.meta.url)\n')
})

test('no two rigs have the same name', () => {
  const names = rigs.map(({ name }) => name)
  expect(names).toEqual([...new Set(names)])
})
