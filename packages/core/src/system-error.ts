/** What the operating system says of a failure, as every backend on a file system understands it. */

import type { ErrorCode } from './errors.ts'

const CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EDQUOT: 'NO_SPACE',
  ENOSPC: 'NO_SPACE',
  EROFS: 'READ_ONLY',
  EIO: 'UNAVAILABLE',
  EMFILE: 'UNAVAILABLE',
  ENFILE: 'UNAVAILABLE',
  ENOENT: 'INVALID_ARGUMENT',
  ENOTDIR: 'INVALID_ARGUMENT',
  ENAMETOOLONG: 'INVALID_ARGUMENT',
}

/** The code that Node or a driver gave a failure, such as `ENOENT`; `undefined` where it has none. */
export function nativeCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}

/** Names the failure that a code of the operating system stands for; `undefined` for one that is not known. */
export function systemErrorCode(code: string): ErrorCode | undefined {
  return Object.hasOwn(CODES, code) ? CODES[code] : undefined
}
