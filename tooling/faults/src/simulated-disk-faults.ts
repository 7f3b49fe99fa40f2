/** Failures that a simulated disk is told to have, and errors as Node has them. */

import type { Random } from './random.ts'

/** What a program asks of a disk. `writeSync` counts as `write`; `existsSync` can't fail. */
export type CallKind =
  | 'status'
  | 'list'
  | 'makeDirectory'
  | 'open'
  | 'create'
  | 'link'
  | 'rename'
  | 'remove'
  | 'touch'
  | 'syncDirectory'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'close'

/** Calls that may need room on the disk. A sync may: blocks are often given out only then. */
export const NEEDS_ROOM: readonly CallKind[] = [
  'makeDirectory',
  'create',
  'link',
  'rename',
  'write',
  'truncate',
  'sync',
  'syncDirectory',
]

/** A failure that is to come. */
export interface Fault {
  /** The calls that it may strike; all where absent. */
  readonly calls?: readonly CallKind[]
  /** Which of these calls, counted from 1 from when the disk was told. */
  readonly nth: number
  /**
   * `short`: a read or write does less than it was asked for, and at least one byte. Others fail with the error;
   * a write with `EIO` may have done a part, a sync a part of its changes while the rest is lost for good.
   */
  readonly effect: 'EIO' | 'ENOSPC' | 'short'
  /** Whether all such calls that follow fail too. */
  readonly lasts: boolean
}

/** A call, and the file or directory that it is about. */
export interface Call {
  readonly kind: CallKind
  readonly path: string
}

/** Decides call by call what a planned fault does. */
export class FaultPlan {
  readonly #fault: Fault
  #calls = 0
  #strikes = 0
  #first: Call | undefined

  constructor(fault: Fault) {
    this.#fault = fault
  }

  /** How often it has struck. */
  get strikes(): number {
    return this.#strikes
  }

  /** The call that it struck first. */
  get first(): Call | undefined {
    return this.#first
  }

  /** What is to happen to the call that is made now. */
  strike({ kind, path }: Call): Fault['effect'] | undefined {
    const { calls, nth, effect, lasts } = this.#fault
    if (calls !== undefined && !calls.includes(kind)) return undefined
    this.#calls++
    if (this.#calls < nth || (this.#calls > nth && !lasts)) return undefined
    this.#strikes++
    this.#first ??= { kind, path }
    return effect
  }
}

const MESSAGES: Readonly<Record<string, string>> = {
  EBADF: 'bad file descriptor',
  EEXIST: 'file already exists',
  EINVAL: 'invalid argument',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
}

/** A failure as Node has it. */
export function systemError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${MESSAGES[code] ?? 'failure'}, ${call} '${path}'`), {
    code,
    syscall: call,
    path,
  })
}

/** How much a call does that does less than it was asked for: at least one byte. */
export function shortLength(length: number, random: Random): number {
  return length <= 1 ? length : 1 + random.below(length - 1)
}
