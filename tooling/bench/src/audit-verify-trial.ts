/**
 * What it takes to verify a long audit log. Not a contest: the same with a tenth of the entries stands in the rival's
 * place, and what counts is that the process does not need more memory for the whole. Every step has a process of
 * its own.
 */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { type Effort, median } from './contest.ts'
import { temporaryFolder } from './places.ts'

/** A trial, by its name. */
export interface VerifyTrial {
  readonly name: string
  readonly run: (effort: Effort) => Promise<VerifyStanding>
}

/** Medians of the rounds. Times are milliseconds, sizes are bytes. */
export interface VerifyStanding {
  readonly name: string
  /** The most that the process held when its garbage was collected, for all entries and for a tenth of them. */
  readonly verifyPeak: number
  readonly tenthPeak: number
  /** `verifyPeak` by `tenthPeak`: 1 is constant memory. */
  readonly ratio: number
  readonly unit: 'MB'
  readonly entries: number
  /** The time that all entries took. */
  readonly elapsed: number
  readonly write: number
}

/** What the process of a step tells. */
export const verifyStepReport = z.object({ elapsed: z.number(), peak: z.number() })

export type VerifyStepReport = z.infer<typeof verifyStepReport>

/** Each round verifies all of the entries, so a few must be enough. */
const MAX_ROUNDS = 3

/** A trial over so many entries. */
export function verifyTrial(count: number): VerifyTrial {
  const name = 'sqlite.audit.verifyLog'
  return {
    name,
    run: async ({ rounds }) => {
      const folder = temporaryFolder()
      try {
        const sizes = [count, Math.ceil(count / 10)]
        const written: VerifyStepReport[] = []
        for (const size of sizes) written.push(await runStep('write', folder.file(`${size}.db`), size))
        const results: VerifyStepReport[][] = sizes.map(() => [])
        for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round++) {
          for (const [index, size] of sizes.entries()) {
            results[index]?.push(await runStep('verify', folder.file(`${size}.db`), size))
          }
        }
        const [whole = [], tenth = []] = results
        const peakOf = (reports: readonly VerifyStepReport[]) => median(reports.map(({ peak }) => peak))
        return {
          name,
          verifyPeak: peakOf(whole),
          tenthPeak: peakOf(tenth),
          ratio: peakOf(whole) / peakOf(tenth),
          unit: 'MB',
          entries: count,
          elapsed: median(whole.map(({ elapsed }) => elapsed)),
          write: written[0]?.elapsed ?? 0,
        }
      } finally {
        folder.remove()
      }
    },
  }
}

const run = promisify(execFile)

const PROGRAM = join(import.meta.dirname, 'audit-verify-step.ts')

async function runStep(step: string, path: string, count: number): Promise<VerifyStepReport> {
  const { stdout } = await run(process.execPath, ['--expose-gc', PROGRAM, step, path, String(count)])
  return verifyStepReport.parse(JSON.parse(stdout))
}
