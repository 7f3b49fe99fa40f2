import { expect, test, vi } from 'vitest'
import { createDatabase } from '../src/index.ts'
import { sharedServer } from '../src/shared-server.ts'
import { setup } from '../src/vitest-setup.ts'
import { connected } from './clients.ts'

test('projects share one server, which ends with the last of them', async () => {
  const { url } = sharedServer()
  vi.stubEnv('COFFER_TEST_POSTGRES_URL', url)
  const provide = vi.fn()
  const [leaveFirst, leaveSecond] = [await setup({ provide }), await setup({ provide })]
  const [[, first], [, second]] = [provide.mock.calls[0] ?? [], provide.mock.calls[1] ?? []]
  expect(first).toEqual(second)
  expect(first).toEqual({ ...sharedServer(), run: expect.any(String) })

  // A server that was given is cleared when it is stopped.
  const { name } = await createDatabase(first)
  const databases = async () => {
    const client = await connected(url)
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    await client.end()
    return rowCount
  }
  await leaveFirst()
  expect(await databases()).toBe(1)
  await leaveSecond()
  expect(await databases()).toBe(0)
  vi.unstubAllEnvs()
})
