/** How far a long work is: a bar on a terminal, nothing elsewhere. */

import { SingleBar } from 'cli-progress'
import { counted } from './numbers.ts'
import type { Output } from './terminal.ts'

/** A work that is told about while it goes on. */
export interface Progress {
  /** @param bytes of the whole that are done */
  update(bytes: number, runs: number): void
  /** Takes the bar away, so that lines can be written; the next update brings it back. */
  hide(): void
}

/** What stands beside the bar: `100%`, the runs and spaces. */
const OTHER_COLUMNS = 24

const SILENT: Progress = { update: () => undefined, hide: () => undefined }

/** Progress of reading so many bytes; without a number nothing is known of the end, and nothing is shown. */
export function progressOn(output: Output, totalBytes: number | undefined): Progress {
  if (!output.isTerminal || totalBytes === undefined || totalBytes === 0) return SILENT
  let bar: SingleBar | undefined
  return {
    update(bytes, runs) {
      if (bar === undefined) {
        bar = new SingleBar({
          format: ' {bar} {percentage}%  {runs}',
          barCompleteChar: '━',
          barIncompleteChar: '─',
          barsize: Math.max(1, Math.min(40, output.width - OTHER_COLUMNS)),
          hideCursor: true,
          clearOnComplete: true,
          stream: output.stream,
        })
        bar.start(totalBytes, bytes, { runs: counted(runs, 'run') })
      }
      bar.update(Math.min(bytes, totalBytes), { runs: counted(runs, 'run') })
    },
    hide() {
      bar?.stop()
      bar = undefined
    },
  }
}
