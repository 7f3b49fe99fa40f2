/** How a failure is told: one sentence with what to do, no secrets, and an exit code. */

import { isStoreError, type StoreError } from '@coffer/core'

/** What the process answers. */
export const EXIT = { ok: 0, bad: 1, usage: 2, interrupted: 130 } as const

/** A failure that is told as it is. */
export class CommandError extends Error {
  readonly exitCode: number
  /** As those of `StoreError`, for programs. */
  readonly code: string

  constructor(
    message: string,
    exitCode: number = EXIT.usage,
    code = CODES[exitCode] ?? 'FAILED',
    cause?: unknown,
  ) {
    super(message, { cause })
    this.exitCode = exitCode
    this.code = code
  }
}

/** What an exit code means, where nothing says more. */
const CODES: Readonly<Record<number, string>> = {
  [EXIT.usage]: 'INVALID_ARGUMENT',
  [EXIT.interrupted]: 'ABORTED',
}

/** The exit code of a failure: what was asked wrongly is 2, what went wrong is 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode
  // Only Ctrl-C gives up work.
  if (isStoreError(error, 'ABORTED')) return EXIT.interrupted
  return isStoreError(error, 'INVALID_ARGUMENT') ? EXIT.usage : EXIT.bad
}

/** A failure as `--json` prints it, on one line. */
export function failureJson(error: unknown, environment: NodeJS.ProcessEnv): string {
  const { code } = Object(error) as { code?: unknown }
  const report = { ok: false, code: typeof code === 'string' ? code : 'INTERNAL' }
  return JSON.stringify({ ...report, message: sentenceOf(error, environment) })
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
  const advice = adviceFor(error)
  const told = inWordsOfCommands(message)
  return redact(advice === undefined ? told : `${told}; ${advice}`)
}

/** What to do about a failure, unless its own sentence says so. */
function adviceFor(error: StoreError): string | undefined {
  const { code, message, backend } = error
  if (code === 'UNSUPPORTED' && message.includes('has no table'))
    return 'coffer init makes a store, coffer migrate brings one up to date'
  if (code === 'NOT_FOUND' && backend === 'file') return 'coffer init makes one'
  if (code === 'BUSY' && backend === 'file') return 'one at a time can write; reading goes on meanwhile'
  if (message.endsWith('(3D000)')) return 'coffer init --create-database makes it'
  return bringsAdvice(error) ? undefined : ADVICE[code]
}

/** What failures of Coffer's own say about what to do. */
const OWN_ADVICE = /npm install|check owner and mode|name another|restore a backup/

/** A missing package is told with the command that installs it, failures of some backends with what to do. */
function bringsAdvice({ code, message, backend }: StoreError): boolean {
  if (OWN_ADVICE.test(message)) return true
  // What begins with the backend's name is what the system said, in core's words.
  if (backend === 'file') return !message.startsWith('file: ') || code === 'PERMISSION_DENIED'
  return message.startsWith('postgresql: ') && code !== 'INTERNAL'
}

/** What is for programs, which have options where commands have flags, and what a command says in its place. */
const FOR_PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/: close [^:]*, open this one with readOnly.*$/s, ''],
  [/, and readOnly: true changes nothing: open .*$/s, ''],
  [/(?:, or|;) open it with readOnly: true$/, ''],
  [/^createStore\(\{ type: '([^']*)' \}\):/, 'a store of type $1:'],
  [/\bsay update to make/, 'say --update to make'],
  [/: see the cause\b/, ': COFFER_DEBUG=1 shows the cause'],
  [/ has no form of its own for backups$/, '$&: leave --native out'],
]

/** A sentence of Coffer without what only programs can do. */
export function inWordsOfCommands(message: string): string {
  return FOR_PROGRAMS.reduce((told, [pattern, instead]) => told.replace(pattern, instead), message)
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
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:(?:\/\/)?[^\s:@]*):\S*@/gi, '$1:***@')
    .replaceAll(/\b((?:password|passwd|pwd|secret|token)["']?(?:\s*=\s*|:|:\s*(?=["'])))[^\s&;,]+/gi, '$1***')
}

/** Takes whole addresses out of what a command line was refused for: what stands there need not be well formed. */
export function withoutAddresses(text: string): string {
  return redact(text.replaceAll(/(\b[a-z][a-z0-9+.-]*:(?:\/\/)?).*@[^\s']*/gi, '$1…'))
}
