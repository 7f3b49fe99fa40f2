import { expect, test } from 'vitest'
import * as z from 'zod'
import { parseConfig, parseOptions } from '../src/config.ts'
import { loadBackend } from '../src/load-backend.ts'
import { fakeBackend } from './fake-backend.ts'
import { refusalOf } from './refused.ts'

const backend = fakeBackend()

test.each<[string, unknown, RegExp]>([
  ['nothing', undefined, /takes a config, such as/],
  ['no type', {}, /'type' says which backend: 'memory', 'file', 'sqlite', 'postgresql'/],
  ['an unknown type', { type: 'mysql' }, /unknown backend type 'mysql'; known are 'memory'/],
  ['a name from the prototype', { type: 'constructor' }, /unknown backend type 'constructor'/],
  [
    'an option of no store',
    { type: 'memory', timeoutMS: 1 },
    /unknown option 'timeoutMS'; known are tenant, clock/,
  ],
  [
    'an option of no sqlite',
    { type: 'sqlite', path: 'a', file: 'b' },
    /unknown option 'file'; known are path, durability/,
  ],
  ['no path', { type: 'sqlite' }, /option 'path'/],
  ['a durability of its own', { type: 'sqlite', path: 'a', durability: 'full' }, /option 'durability'/],
  [
    'a prefix that SQL would not take',
    { type: 'sqlite', path: 'a', tablePrefix: 'a-b' },
    /option 'tablePrefix'/,
  ],
  ['timeoutMs 0', { type: 'memory', timeoutMs: 0 }, /option 'timeoutMs'/],
  ['an endless timeoutMs', { type: 'memory', timeoutMs: Number.POSITIVE_INFINITY }, /option 'timeoutMs'/],
  ['maxQueued 1.5', { type: 'memory', maxQueued: 1.5 }, /option 'maxQueued'/],
  ['maxAttempts as text', { type: 'memory', maxAttempts: '3' }, /option 'maxAttempts'/],
  ['documents of 1 byte', { type: 'memory', maxDocumentBytes: 1 }, /option 'maxDocumentBytes'/],
  ['a clock that does not tell', { type: 'memory', clock: {} }, /expected \{ now\(\): number \}/],
  ['a backend and a type', { backend, type: 'memory' }, /'type' can't stand beside 'backend'/],
  [
    'a backend and its option',
    { backend, path: 'a' },
    /'path' can't stand beside 'backend'; known beside it are/,
  ],
  ['something else as a backend', { backend: {} }, /must be a backend, such as/],
])('a config is refused for %s', (_name, config, message) => {
  const error = refusalOf(() => parseConfig(config))
  expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)])
})

test.each([
  'postgres://user:secret@host/db',
  'file:///tmp/secret.js',
  'data:text/javascript,secret',
  '../secret/backend.js',
  './secret-backend',
  '/secret/backend',
  '@scope/../secret',
  'secret-\n',
])('%j is no package: it is refused, unsaid and unloaded', (type) => {
  const error = refusalOf(() => parseConfig({ type }))
  expect(error.code).toBe('INVALID_ARGUMENT')
  expect(error.message).not.toContain('secret')
})

test('a refusal never shows a value', () => {
  const secret = 'pass-word-1'
  const configs = [
    { type: 'sqlite', path: 'a', durability: secret },
    { type: 'sqlite', path: 'a', busyTimeoutMs: secret },
    { type: 'memory', tenant: { secret } },
    { type: 'memory', password: secret },
  ]
  for (const config of configs) expect(refusalOf(() => parseConfig(config)).message).not.toContain(secret)
})

test('a config is taken apart, with defaults', () => {
  expect(parseConfig({ type: 'sqlite', path: 'a', maxQueued: 5, clock: undefined })).toEqual({
    store: {
      tenant: 'default',
      maxDocumentBytes: 16 * 1_024 * 1_024,
      timeoutMs: 30_000,
      maxQueued: 5,
      maxAttempts: 20,
      cleanupEveryMs: 0,
    },
    backend: undefined,
    type: 'sqlite',
    options: { path: 'a' },
  })
  expect(parseConfig({ backend }).backend).toBe(backend)
})

test('options of a backend that knows none', () => {
  const { message } = refusalOf(() => parseOptions(z.strictObject({}), { a: 1 }, 'memory'))
  expect(message).toBe(`memory: unknown option 'a'; known are none`)
})

test('a package that is not there is named with the command that brings it', async () => {
  const config = parseConfig({ type: '@coffer-nobody/does-not-exist' })
  await expect(loadBackend(config)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message:
      `the backend '@coffer-nobody/does-not-exist' is not installed: ` +
      'run  npm install @coffer-nobody/does-not-exist',
  })
})

test('a package that is no backend is refused', async () => {
  const config = { ...parseConfig({ backend }), backend: undefined, type: 'zod' }
  await expect(loadBackend(config)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `'zod' is no Coffer backend: it exports no createBackend`,
  })
})
