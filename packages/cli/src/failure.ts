/** How a failure is told: one sentence with what to do, no secrets, and an exit code. */

import { isStoreError } from '@coffer/core'

/** What the process answers. */
export const EXIT = { ok: 0, bad: 1, usage: 2, interrupted: 130 } as const

/** A failure that is told as it is. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.usage) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The exit code of a failure: what was asked wrongly is 2, what went wrong is 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode
  return isStoreError(error, 'INVALID_ARGUMENT') ? EXIT.usage : EXIT.bad
}

/** The sentence for a failure. With COFFER_DEBUG=1 the stack comes along. */
export function sentenceOf(error: unknown, environment: NodeJS.ProcessEnv): string {
  if (environment.COFFER_DEBUG === '1' && error instanceof Error) return redact(stacksOf(error))
  if (error instanceof CommandError) return redact(error.message)
  const message = error instanceof Error ? error.message : String(error)
  if (!isStoreError(error)) {
    const { code } = error as { code?: unknown }
    const advice = typeof code === 'string' ? '' : ' (run again with COFFER_DEBUG=1 to see where)'
    return redact(`${message}${advice}`)
  }
  const advice = isAdvice(message, error.code) ? undefined : adviceFor(message, error.code)
  return redact(advice === undefined ? message : `${message}; ${advice}`)
}

/** A missing package is told with the command that installs it, and PostgreSQL's failures with what to do. */
function isAdvice(message: string, code: string): boolean {
  return message.includes('npm install') || (message.startsWith('postgresql: ') && code !== 'INTERNAL')
}

function adviceFor(message: string, code: string): string | undefined {
  if (code === 'UNSUPPORTED' && message.includes('has no table')) return 'coffer import does so'
  return ADVICE[code]
}

function stacksOf(error: Error): string {
  const own = error.stack ?? error.message
  return error.cause instanceof Error ? `${own}\ncaused by: ${stacksOf(error.cause)}` : own
}

const ADVICE: Readonly<Record<string, string>> = {
  BUSY: 'another process is writing: try again',
  UNAVAILABLE: 'see that the store can be reached',
  NO_SPACE: 'make room on the disk and run it again',
  PERMISSION_DENIED: 'see who may read and write the store',
  CORRUPT: 'restore the store from a copy',
  INTERNAL: 'run again with COFFER_DEBUG=1 to see where',
}

/** Takes passwords out of URLs and connection strings. */
export function redact(text: string): string {
  return text
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/]*@/gi, '$1:***@')
    .replaceAll(/\b((?:password|passwd|pwd|secret|token)["']?(?:\s*=\s*|:|:\s*(?=["'])))[^\s&;,]+/gi, '$1***')
}
