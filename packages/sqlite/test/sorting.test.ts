import { expect, test } from 'vitest'
import { openConnection } from '../src/connection.ts'
import { sortingOnDisk } from '../src/sorting.ts'
import { temporaryPath } from './places.ts'

/** As SQLite counts them. */
const [FILE, MEMORY] = [1, 2]

test('what takes long sorts on the disk, and all else in memory again, also when it fails', async () => {
  const connection = openConnection(temporaryPath(), { readOnly: false })
  const store = () => connection.get('PRAGMA temp_store', [])?.[0]
  const failing = sortingOnDisk(connection, () => {
    expect(store()).toBe(FILE)
    throw new Error('thrown by the test')
  })
  await expect(failing).rejects.toThrow('thrown by the test')
  expect(store()).toBe(MEMORY)
  connection.close()
})
