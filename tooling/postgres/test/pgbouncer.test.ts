import { expect, test } from 'vitest'
import { createDatabase, startPgBouncer } from '../src/index.ts'
import { sharedServer } from '../src/shared-server.ts'
import { connected } from './clients.ts'

test('a pooler shares connections by transaction, for any role; where none is installed it says so', async () => {
  await using database = await createDatabase(sharedServer())
  await using pooler = await startPgBouncer(sharedServer(), { poolSize: 1 })
  if (pooler === undefined) return
  const clients = await Promise.all([1, 2, 3].map(() => connected(pooler.url(database.url))))
  const answers = await Promise.all(
    clients.map((client) => client.query('SELECT current_user AS role, pg_backend_pid() AS pid')),
  )
  const rows = answers.map((answer) => answer.rows[0])
  expect(rows[0]).toMatchObject({ role: database.owner.name })
  expect(rows[1]).toEqual(rows[0])
  expect(rows[2]).toEqual(rows[0])
})

test('a setting that the pooler refuses is told with its own words', async () => {
  await expect(
    startPgBouncer(sharedServer(), { settings: { pool_mode: 'sometimes' } }).then((pooler) => {
      if (pooler === undefined) throw new Error('did not come up: pool_mode')
    }),
  ).rejects.toThrow(/did not come up[\s\S]*pool_mode/)
})
