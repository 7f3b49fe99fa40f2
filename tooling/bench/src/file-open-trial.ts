/**
 * What it takes to open a directory of many small records. Not a contest: all of it is read into memory, and what
 * counts is how long that takes and how much memory it needs. Every step has a process of its own, so that none
 * sees what another left behind. The system still has the files in memory: a disk that must be read comes on top.
 */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { type Effort, median } from './contest.ts'
import { temporaryFolder } from './places.ts'

/** A trial, by its name. */
export interface OpenTrial {
  readonly name: string
  readonly run: (effort: Effort) => Promise<OpenStanding>
}

/** Medians of the rounds. Times are milliseconds, sizes are bytes. */
export interface OpenStanding {
  readonly name: string
  /** The time until the store could be asked. */
  readonly open: number
  /** The time that it may take. */
  readonly limit: number
  /** `open` by `limit`: up to 1 is quick enough. */
  readonly ratio: number
  readonly unit: 'ms'
  /** What processors worked for it: what others do on the machine changes it less than `open`. */
  readonly work: number
  readonly records: number
  /** The time to write them, and to write them anew where that was done. */
  readonly write: number
  /** The length of all files. */
  readonly disk: number
  /** After opening and collecting garbage: what the process holds of the machine, and what its objects do. */
  readonly rss: number
  readonly heap: number
  /** The most that the process ever held of the machine. */
  readonly peak: number
}

/** What a directory holds when it is opened: all as it was written, or written anew. */
export type OpenForm = 'log' | 'snapshot'

/** What the process of a step tells: milliseconds and bytes. */
export const stepReport = z.object({
  elapsed: z.number(),
  /** Of all processors together. */
  work: z.number(),
  disk: z.number(),
  rss: z.number(),
  heap: z.number(),
  peak: z.number(),
  /** Whether the directory has a snapshot afterwards. */
  isCompacted: z.boolean(),
})

export type StepReport = z.infer<typeof stepReport>

/** Each round opens all of the records, so a few must be enough. */
const MAX_ROUNDS = 3
const LIMIT_MS = 10_000

/** A trial that opens so many records. */
export function openTrial(form: OpenForm, count: number): OpenTrial {
  const name = `file.open:${form}`
  return {
    name,
    run: async ({ rounds }) => {
      const folder = temporaryFolder()
      const basePath = folder.file('coffer')
      try {
        const written = await runStep('write', basePath, count)
        const compacted = form === 'snapshot' ? await runStep('compact', basePath, count) : undefined
        if ((compacted ?? written).isCompacted !== (form === 'snapshot')) {
          throw new Error(`the directory should hold a ${form}`)
        }
        const results: StepReport[] = []
        for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round++) {
          results.push(await runStep('open', basePath, count))
        }
        const middle = (figure: (report: StepReport) => number) => median(results.map(figure))
        const open = middle(({ elapsed }) => elapsed)
        return {
          name,
          open,
          limit: LIMIT_MS,
          ratio: open / LIMIT_MS,
          unit: 'ms',
          work: middle(({ work }) => work),
          records: count,
          write: written.elapsed + (compacted?.elapsed ?? 0),
          disk: middle(({ disk }) => disk),
          rss: middle(({ rss }) => rss),
          heap: middle(({ heap }) => heap),
          peak: middle(({ peak }) => peak),
        }
      } finally {
        folder.remove()
      }
    },
  }
}

const run = promisify(execFile)

const PROGRAM = join(import.meta.dirname, 'file-open-step.ts')

async function runStep(step: string, basePath: string, count: number): Promise<StepReport> {
  const { stdout } = await run(process.execPath, ['--expose-gc', PROGRAM, step, basePath, String(count)])
  return stepReport.parse(JSON.parse(stdout))
}
