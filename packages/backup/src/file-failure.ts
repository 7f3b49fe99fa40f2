/** What the operating system says of a file or a folder, as a failure with what to do. */

import { dirname } from 'node:path'
import { StoreError } from '@coffer/core'
import { nativeCode, systemErrorCode } from '@coffer/core/backend'

const SENTENCES: Readonly<Record<string, (place: string) => string>> = {
  EACCES: (place) => `this process may not use ${place}: check owner and mode`,
  EPERM: (place) => `this process may not use ${place}: check owner and mode`,
  EROFS: (place) => `${place} is on a file system for reading only: name another place`,
  ENOSPC: (place) => `there is no room for ${place}: the disk is full`,
  EDQUOT: (place) => `there is no room for ${place}: the quota is used up`,
  ENOENT: (place) => `there is no ${place}`,
  ENOTDIR: (place) => `there is no ${place}: a part of the path is no folder`,
  ENAMETOOLONG: (place) => `the path ${place} is too long: name another place`,
}

/**
 * A failure of the operating system as a `StoreError` that names the place; every other failure as it is.
 *
 * @param place what was to be read or written, where the failure itself does not say
 */
export function fileFailure(cause: unknown, place = 'what was to be written'): unknown {
  const native = nativeCode(cause)
  const code = native === undefined ? undefined : systemErrorCode(native)
  if (native === undefined || code === undefined) return cause
  const { path, syscall } = cause as NodeJS.ErrnoException
  // Unfinished files have names that nobody knows.
  const told = path?.endsWith('.partial') ? dirname(path) : (path ?? place)
  const says = SENTENCES[native]?.(told) ?? `${told}: the system fails to ${syscall ?? 'use'} it`
  return new StoreError(code, `${says} (${native})`, { cause })
}
