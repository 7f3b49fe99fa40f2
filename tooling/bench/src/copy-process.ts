/** The real command `coffer copy` in a process of its own: what it tells, what it needs, and how it is killed. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import * as z from 'zod'

/** What a copy told. */
export interface CopyOutcome {
  readonly rows: number
  readonly put: number
  /** Rows that were there already. */
  readonly same: number
  /** All of its work, and how much of that was to read the target again: milliseconds. */
  readonly elapsed: number
  readonly verifying: number
  /** The most that the process ever held of the machine, in bytes. */
  readonly peak: number
}

/** What `--json` prints. */
const copyReport = z.object({
  ok: z.literal(true),
  rows: z.number(),
  put: z.number(),
  same: z.number(),
  seconds: z.number(),
  verifying_seconds: z.number(),
})

const COMMAND = join(import.meta.dirname, '../../../packages/cli/src/main.ts')

/** The flags that the command's own first line gives Node: `#!/usr/bin/env -S node --flag`. */
const [FIRST_LINE = ''] = readFileSync(COMMAND, 'utf8').split('\n', 1)
const FLAGS = FIRST_LINE.split(' ').filter((word) => word.startsWith('--'))

/** Is loaded before the command, and tells on the fourth of its files what the process needed when it ends. */
const TELL_PEAK =
  'data:text/javascript,' +
  encodeURIComponent(
    'import { writeSync } from "node:fs";' +
      'process.on("exit", () => writeSync(3, String(process.resourceUsage().maxRSS)))',
  )

/** Copies from one address to another. */
export async function runCopy(from: string, to: string): Promise<CopyOutcome> {
  const child = startCopy(from, to)
  const [output, told, errors, [code]] = await Promise.all([
    read(child, 1),
    read(child, 3),
    read(child, 2),
    once(child, 'close'),
  ])
  if (code !== 0) throw new Error(`coffer copy ended with ${code}: ${errors}`)
  const { rows, put, same, seconds, verifying_seconds } = copyReport.parse(JSON.parse(output))
  return {
    rows,
    put,
    same,
    elapsed: seconds * 1_000,
    verifying: verifying_seconds * 1_000,
    peak: Number(told) * 1_024,
  }
}

/**
 * Copies until something is so, and kills it then, as a machine that loses power does.
 *
 * @returns false where the copy was done before
 */
export async function runCopyUntil(
  from: string,
  to: string,
  isTime: () => Promise<boolean>,
): Promise<boolean> {
  const child = startCopy(from, to)
  const ended = once(child, 'close')
  for (const descriptor of [1, 2, 3]) void read(child, descriptor)
  try {
    while (child.exitCode === null && !(await isTime()));
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  return child.signalCode === 'SIGKILL'
}

function startCopy(from: string, to: string): ChildProcess {
  const command = [...FLAGS, '--import', TELL_PEAK, COMMAND, 'copy', from, to, '--json']
  return spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
}

async function read(child: ChildProcess, descriptor: number): Promise<string> {
  const stream = child.stdio[descriptor]
  return stream != null && 'read' in stream ? text(stream) : ''
}
