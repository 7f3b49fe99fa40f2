/** Asks a person before something is done that can't be undone. */

import { createInterface } from 'node:readline/promises'
import { CommandError, EXIT } from '../failure.ts'
import type { Terminal } from './terminal.ts'

/**
 * Goes on when a person at the terminal says yes. Where nobody can be asked the command line has said it already.
 *
 * @throws CommandError for every other answer
 */
export async function confirm({ stdin, err }: Terminal, question: string): Promise<void> {
  if (!err.isTerminal || (stdin as { isTTY?: boolean }).isTTY !== true) return
  const asking = createInterface({ input: stdin, output: err.stream })
  try {
    const answer = await Promise.race([
      asking.question(`${question} Type yes to go on: `),
      // Ctrl-C or the end of the input.
      new Promise<undefined>((resolve) => asking.once('close', () => resolve(undefined))),
    ])
    if (answer === undefined) await err.line()
    else if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    asking.close()
  }
  throw new CommandError('nothing was changed', EXIT.interrupted)
}
