/** How far a long work is: a bar on a terminal, nothing elsewhere. */

import { SingleBar } from 'cli-progress'
import type { Output } from './terminal.ts'

/** A work that is told about while it goes on. */
export interface Progress {
  /**
   * @param done of the whole
   * @param what is done, in at most 17 columns: `12 runs`
   */
  update(done: number, what: string): void
  /** Takes the bar away, so that lines can be written; the next update brings it back. */
  hide(): void
}

/** What stands beside the bar: `100%`, what is done and spaces. */
const OTHER_COLUMNS = 24

const SILENT: Progress = { update: () => undefined, hide: () => undefined }

/** Progress towards so much; without a number nothing is known of the end, and nothing is shown. */
export function progressOn(output: Output, total: number | undefined): Progress {
  if (!output.isTerminal || total === undefined || total === 0) return SILENT
  let bar: SingleBar | undefined
  return {
    update(done, what) {
      if (bar === undefined) {
        bar = new SingleBar({
          format: ' {bar} {percentage}%  {what}',
          barCompleteChar: '━',
          barIncompleteChar: '─',
          barsize: Math.max(1, Math.min(40, output.width - OTHER_COLUMNS)),
          hideCursor: true,
          clearOnComplete: true,
          stream: output.stream,
        })
        bar.start(total, done, { what })
      }
      bar.update(Math.min(done, total), { what })
    },
    hide() {
      bar?.stop()
      bar = undefined
    },
  }
}
