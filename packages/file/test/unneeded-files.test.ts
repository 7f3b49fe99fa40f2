/** What newer files have taken the place of: it is told, goes with the next writer, and is never taken for sound. */

import { appendFileSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeLine } from '../src/line-buffer.ts'
import { idsAt, OTHERS, otherContent, replaceIn } from './other-content.ts'
import { compacted, filled, namesIn, storeAt, temporaryPath } from './stores.ts'

/** A directory whose writer died between the replacement of everything and the removal of what was there. */
async function diedBeforeRemoving(): Promise<string> {
  const basePath = temporaryPath()
  await filled(basePath, 2)
  const kept = `${basePath}-kept`
  copyFileSync(join(basePath, 'log-000001.jsonl'), kept)
  const store = storeAt(basePath)
  await replaceIn(store, await otherContent())
  await store.close()
  copyFileSync(kept, join(basePath, 'log-000001.jsonl'))
  return basePath
}

test('what was replaced goes with the next writer, where it was left', async () => {
  const basePath = await diedBeforeRemoving()
  expect(await idsAt(basePath)).toEqual(OTHERS)
  expect(namesIn(basePath)).not.toContain('log-000001.jsonl')
})

test('an inspection tells of files that newer ones have taken the place of', async () => {
  const basePath = await diedBeforeRemoving()
  const store = storeAt(basePath, { readOnly: true })
  const inspection = await store.place().inspect()
  expect(inspection?.checks.find(({ topic }) => topic === 'unneeded files')).toMatchObject({
    state: 'warning',
    says: expect.stringContaining('log-000001.jsonl'),
  })
})

test('a check tells of lines behind the end of a snapshot', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const snapshot = await compacted(basePath)
  const store = storeAt(basePath)
  expect(await store.place().check()).toEqual([])
  appendFileSync(join(basePath, snapshot), encodeLine('{"floor":["default",1]}'))
  expect(await store.place().check()).toEqual([expect.stringContaining('something stands behind the end')])
})
