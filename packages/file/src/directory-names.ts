/** The names of the files of a store. They are made of numbers alone, never of keys. */

import { parseLockName } from './lock-name.ts'

const NUMBER_DIGITS = 6
const LOG = /^log-(\d{6,15})\.jsonl$/
const SNAPSHOT = /^snapshot-(\d{6,15})\.jsonl$/
const TEMPORARY = /^(?:log|snapshot)-\d{6,15}\.jsonl\.\d+\.tmp$/

/** Blocks that are given up when the disk is full. */
export const RESERVE = 'reserve'

export function logName(number: number): string {
  return `log-${padded(number)}.jsonl`
}

export function snapshotName(number: number): string {
  return `snapshot-${padded(number)}.jsonl`
}

function padded(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0')
}

/** The names in a directory, told apart. */
export interface Names {
  /** Numbers of logs and snapshots, ascending. */
  readonly logs: readonly number[]
  readonly snapshots: readonly number[]
  /** Names of the lock, the one that counts last. */
  readonly locks: readonly string[]
  /** Unfinished files of a writer that was stopped. */
  readonly temporary: readonly string[]
  /** Whatever else is there, but for names that begin with a dot and what a file system puts in its root. */
  readonly foreign: readonly string[]
}

export function sortNames(names: readonly string[]): Names {
  const numbers = (pattern: RegExp) =>
    names
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((one, other) => one - other)
  return {
    logs: numbers(LOG),
    snapshots: numbers(SNAPSHOT),
    locks: names.filter((name) => parseLockName(name) !== undefined).sort(),
    temporary: names.filter((name) => TEMPORARY.test(name)),
    foreign: names.filter((name) => !isOwn(name) && !isIgnored(name)).sort(),
  }
}

function isOwn(name: string): boolean {
  if (name === RESERVE || parseLockName(name) !== undefined) return true
  return [LOG, SNAPSHOT, TEMPORARY].some((pattern) => pattern.test(name))
}

/** `damaged-…` is where a repair keeps the files that it found. */
function isIgnored(name: string): boolean {
  return name.startsWith('.') || name === 'lost+found' || name.startsWith('damaged-')
}
