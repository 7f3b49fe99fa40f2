/** What the kill rig and its processes say to each other: a job, and then a line for whatever has happened. */

import type { KillSubjectConfig } from './kill-control.ts'

/** What a process is told to do. */
export interface Job {
  readonly config: KillSubjectConfig
  readonly seed: number
  readonly generation: number
  /** How many steps each caller has done. */
  readonly done: readonly number[]
  /** Whether expired records are removed all the time. */
  readonly cleansUp: boolean
  /** Whether there are calls; else the place is opened and that is all. */
  readonly calls: boolean
}

/** What a process is told that is to close its store. */
export const CLOSE = 'close'

/** A step that was done. */
export interface Acknowledgement {
  readonly caller: number
  readonly number: number
}

/** A step that failed. Its caller has taken no other. */
export interface Failure {
  readonly caller: number
  readonly code: string
  readonly message: string
}

/** What a process has said until it was killed. */
export interface LastWords {
  /** In the order in which they were said. */
  readonly acknowledged: readonly Acknowledgement[]
  readonly failures: readonly Failure[]
  /** What else went wrong: that it ended by itself, or its cleanup did. */
  readonly complaints: readonly string[]
}

const FAILURE_MARK = '!'
const COMPLAINT_MARK = '#'

/** The line for a step that was done: short, for there are many. */
export function acknowledgementLine({ caller, number }: Acknowledgement): string {
  return `${caller} ${number}`
}

export function failureLine({ caller, code, message }: Failure): string {
  return `${FAILURE_MARK} ${caller} ${code} ${oneLine(message)}`
}

export function complaintLine(message: string): string {
  return `${COMPLAINT_MARK} ${oneLine(message)}`
}

function oneLine(message: string): string {
  return message.replaceAll('\n', ' ')
}

/** Reads all lines. One that was cut by the kill was not said. */
export function parseLines(said: string): LastWords {
  const acknowledged: Acknowledgement[] = []
  const failures: Failure[] = []
  const complaints: string[] = []
  for (const line of said.split('\n').slice(0, -1)) {
    const [first = '', ...rest] = line.split(' ')
    if (first === FAILURE_MARK) {
      const [caller, code = '', ...message] = rest
      failures.push({ caller: Number(caller), code, message: message.join(' ') })
    } else if (first === COMPLAINT_MARK) {
      complaints.push(rest.join(' '))
    } else {
      acknowledged.push({ caller: Number(first), number: Number(rest[0]) })
    }
  }
  return { acknowledged, failures, complaints }
}
