/** SQLite's check of the whole database. */

import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sqlite } from '../src/index.ts'
import { AT, group, NOTES, put } from './layouts.ts'
import { opened, temporaryPath } from './places.ts'

const AUTHOR = 'an author of whom there is only one'

test('a sound database has no problems, in a file and in memory', async () => {
  for (const path of [temporaryPath(), ':memory:']) {
    const backend = sqlite({ path })
    await backend.open([NOTES])
    await backend.write([group(put('a'), put('b', { fields: ['ann', 1, ['x']] }))], AT)
    expect(await backend.check()).toEqual([])
    await backend.close()
  }
})

test('an index that no longer has what its table has is told, though no question shows it', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  await backend.write([group(put('a', { fields: [AUTHOR, 1, []] }))], AT)
  await backend.close()
  const bytes = readFileSync(path)
  // In the table or in an index, whichever comes first.
  bytes.write('o', bytes.indexOf(AUTHOR))
  writeFileSync(path, bytes)
  const damaged = sqlite({ path })
  await damaged.open([NOTES])
  expect((await damaged.read(NOTES, [put('a')]))[0]?.version).toBe(1)
  expect(await damaged.check()).toContainEqual(expect.stringContaining('missing from index'))
  await damaged.close()
})

test('a page that can not be read at all is told as well', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  await backend.write([group(put('a'))], AT)
  await backend.close()
  const bytes = readFileSync(path)
  bytes.fill(0xff, 4_096)
  writeFileSync(path, bytes)
  const damaged = sqlite({ path })
  const problems = await damaged.open([NOTES]).then(
    () => damaged.check(),
    (error: unknown) => [damaged.errorCode(error)],
  )
  expect(problems).not.toEqual([])
  await damaged.close()
})
