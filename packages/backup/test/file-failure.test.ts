import { StoreError } from '@coffer/core'
import { expect, test } from 'vitest'
import { fileFailure } from '../src/index.ts'

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: something, write`), { code, path, syscall: 'write' })
}

test.each([
  [
    'EACCES',
    '/b/a.tar',
    'PERMISSION_DENIED',
    'this process may not use /b/a.tar: check owner and mode (EACCES)',
  ],
  ['EROFS', '/b', 'READ_ONLY', '/b is on a file system for reading only: name another place (EROFS)'],
  ['ENOENT', '/b/.a.tar.1-x.partial', 'INVALID_ARGUMENT', 'there is no /b (ENOENT)'],
  ['ENOSPC', undefined, 'NO_SPACE', 'there is no room for ./out: the disk is full (ENOSPC)'],
  ['EIO', '/b/a.tar', 'UNAVAILABLE', '/b/a.tar: the system fails to write it (EIO)'],
])('%s of %s is told as %s, with the place', (native, path, code, message) => {
  expect(fileFailure(systemError(native, path), './out')).toMatchObject({ code, message })
})

test.each([
  ['a failure of a store', new StoreError('NO_SPACE', 'the disk is full')],
  ['a code that the system does not have', systemError('E_MADE_UP')],
  ['an error without a code', new Error('a mistake')],
])('%s stays as it is', (_what, error) => {
  expect(fileFailure(error)).toBe(error)
})
