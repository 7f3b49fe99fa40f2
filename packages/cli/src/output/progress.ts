/** How far a long work is: a bar on a terminal, nothing elsewhere. */

import { SingleBar } from 'cli-progress'
import { grouped } from './numbers.ts'
import type { Output } from './terminal.ts'

/** A work that is told about while it goes on. */
export interface Progress {
  /** @param bytes of the whole that are done */
  update(bytes: number, runs: number): void
  /** Takes the bar away, so that lines can be written; the next update brings it back. */
  hide(): void
}

const SILENT: Progress = { update: () => undefined, hide: () => undefined }

/** Progress of reading so many bytes; without a number nothing is known of the end, and nothing is shown. */
export function progressOn(output: Output, totalBytes: number | undefined): Progress {
  if (!output.isTerminal || totalBytes === undefined || totalBytes === 0) return SILENT
  let bar: SingleBar | undefined
  return {
    update(bytes, runs) {
      if (bar === undefined) {
        bar = new SingleBar({
          format: ' {bar} {percentage}%  {runs} runs',
          barCompleteChar: '━',
          barIncompleteChar: '─',
          barsize: 40,
          hideCursor: true,
          clearOnComplete: true,
          stream: output.stream,
        })
        bar.start(totalBytes, bytes, { runs: grouped(runs) })
      }
      bar.update(Math.min(bytes, totalBytes), { runs: grouped(runs) })
    },
    hide() {
      bar?.stop()
      bar = undefined
    },
  }
}
