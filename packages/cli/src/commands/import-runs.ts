/** `coffer import` of chat transcripts: sessions, traces and resolutions. */

import { EXIT } from '../failure.ts'
import { importTranscripts } from '../import/import-transcripts.ts'
import { openSource, startReading } from '../import/input.ts'
import { readLines } from '../import/lines.ts'
import { type Context, type StoreChoice, usingStore } from './command.ts'
import { ImportReport } from './import-report.ts'
import { ImportWatch, nameOf } from './import-watch.ts'

/** The options of transcripts. */
export interface RunFlags extends StoreChoice {
  readonly agentId?: string
  readonly startedAt: Date
  readonly strict?: true
  readonly json?: true
}

/** Imports the files one by one. @returns the exit code */
export async function importRuns(
  context: Context,
  files: readonly string[],
  flags: RunFlags,
  signal: AbortSignal,
): Promise<number> {
  const { terminal } = context
  const watch = new ImportWatch(terminal, files)
  const report = new ImportReport(terminal, watch)
  try {
    await usingStore(context, flags, 'write', async (store) => {
      // A store that can't be opened is no fault of the lines.
      await store.open()
      for (const file of files) {
        if (report.isOver(flags.strict)) break
        const input = await startReading(watch.follow(openSource(file, terminal, signal), file), nameOf(file))
        const counts = await importTranscripts(store, readLines(input.chunks), {
          agentId: flags.agentId,
          startedAt: flags.startedAt,
          strict: flags.strict,
          signal,
          onProblem: (problem) => watch.problem(file, problem),
          onProgress: (counts) => report.progress(file, counts),
        })
        await report.finish(file, counts)
      }
    })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await report.close()
  }
  await report.print(flags, signal.aborted)
  if (signal.aborted) return EXIT.interrupted
  return report.counts.bad_lines > 0 ? EXIT.bad : EXIT.ok
}
