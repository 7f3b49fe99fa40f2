/** What becomes of a long work that was interrupted, and of a backup that is damaged. */

import { isStoreError } from '@coffer/core'
import { CommandError, EXIT, inWordsOfCommands } from '../failure.ts'
import { interruptible } from './interruption.ts'

/**
 * Runs long work that Ctrl-C or SIGTERM stops.
 *
 * @param consequence what a stop leaves behind, as the end of a sentence
 */
export function stoppable<T>(consequence: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return interruptible(async (signal) => {
    try {
      return await run(signal)
    } catch (error) {
      // Streams of Node have a failure of their own for it.
      const isAborted =
        isStoreError(error, 'ABORTED') || (error instanceof Error && error.name === 'AbortError')
      if (isAborted && signal.aborted) {
        throw new CommandError(`interrupted; ${consequence}`, EXIT.interrupted)
      }
      // The advice for stores that are damaged is not meant for backups, whose sentences say what to do.
      if (isStoreError(error, 'CORRUPT')) {
        throw new CommandError(inWordsOfCommands(error.message), EXIT.bad, error.code, error)
      }
      throw error
    }
  })
}
