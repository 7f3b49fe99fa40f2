import { afterEach, expect, test, vi } from 'vitest'
import { dockerAnswers } from '../src/docker-engine.ts'
import { freePort } from '../src/free-port.ts'
import { fakeEngine } from './fake-engine.ts'

afterEach(() => vi.unstubAllEnvs())

test('an engine that answers the ping is there', async () => {
  await using engine = await fakeEngine((path) => (path === '/_ping' ? 200 : undefined))
  vi.stubEnv('DOCKER_HOST', engine.host)
  expect(await dockerAnswers()).toBe(true)
})

test('an engine that fails at the ping is not', async () => {
  await using engine = await fakeEngine(() => 500)
  vi.stubEnv('DOCKER_HOST', engine.host)
  expect(await dockerAnswers()).toBe(false)
})

test('an engine that accepts and says nothing costs less than a second', async () => {
  await using engine = await fakeEngine(() => undefined)
  vi.stubEnv('DOCKER_HOST', engine.host)
  const start = performance.now()
  expect(await dockerAnswers()).toBe(false)
  expect(performance.now() - start).toBeLessThan(1000)
})

test('an engine on TCP is there when somebody listens', async () => {
  const port = await freePort()
  vi.stubEnv('DOCKER_HOST', `tcp://127.0.0.1:${port}`)
  expect(await dockerAnswers()).toBe(false)
})

test.each(['unix:///nowhere/docker.sock', 'nonsense'])('nothing is at %s', async (host) => {
  vi.stubEnv('DOCKER_HOST', host)
  expect(await dockerAnswers()).toBe(false)
})
