/** What the operating system says, as Coffer's codes. */

import { type ErrorCode, isStoreError, nativeCode, StoreError, systemErrorCode } from '@coffer/core/backend'

/** What a log meets beside what every file does. */
const OWN_CODES: Readonly<Record<string, ErrorCode>> = {
  // A symbolic link where a file of the store should be.
  ELOOP: 'PERMISSION_DENIED',
  EFBIG: 'NO_SPACE',
}

/** Names the failure that an error of the file system stands for. */
export function errorCode(cause: unknown): ErrorCode {
  if (isStoreError(cause)) return cause.code
  const code = nativeCode(cause) ?? ''
  return systemErrorCode(code) ?? (Object.hasOwn(OWN_CODES, code) ? OWN_CODES[code] : undefined) ?? 'INTERNAL'
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  PERMISSION_DENIED: '; check owner and mode',
  READ_ONLY: '; open it with readOnly: true',
  NO_SPACE: '; make room on the disk, or open it with readOnly: true',
}

/** What the operating system says when a directory is opened, with the path that it speaks of. */
export function systemError(cause: unknown, directory: string): StoreError {
  const code = errorCode(cause)
  // The names of locks say nothing to a person.
  const said = cause instanceof Error ? cause.message.replace(/, rename '.*$/s, '') : String(cause)
  return fileError(code, `${directory} can't be opened: ${said}${ADVICE[code] ?? ''}`, cause)
}

/** A failure of this backend. */
export function fileError(code: ErrorCode, message: string, cause?: unknown): StoreError {
  return new StoreError(code, message, { backend: 'file', cause })
}

/** Damage: the file, and the offset in bytes where it was met. */
export function corrupt(file: string, offset: number, what: string): StoreError {
  return fileError(
    'CORRUPT',
    `${file} is damaged at byte ${offset}: ${what}; restore a backup, or run \`coffer repair\`, ` +
      'which keeps the damaged files and saves what can be read',
  )
}
