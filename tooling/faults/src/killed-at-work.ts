/**
 * Kills processes while they are at work, however fast the machine is: at moments within the time that such work takes
 * here, and at an earlier one where the work was done before.
 */

import type { Random } from './random.ts'
import type { Ending, Workers } from './worker-process.ts'

/** What lies behind the end of the work is drawn too: so much of it, in percent. */
const BEHIND_PERCENT = 10
/** The last attempt kills at once. */
const ATTEMPTS = 10

/** How long a job takes that is not killed, and when it had told that it is at work, in milliseconds. */
export interface WorkTime {
  readonly durationMs: number
  readonly notedMs: number
}

/** Does a job once, undisturbed. */
export async function undisturbed<J extends object, R>(workers: Workers<J, R>, job: J): Promise<WorkTime> {
  const worker = await workers.next()
  const startedAt = performance.now()
  worker.begin(job)
  await worker.noted()
  const notedMs = performance.now() - startedAt
  const ending = await worker.ending()
  const durationMs = performance.now() - startedAt
  if (ending.outcome !== 'done') throw new Error(`undisturbed work ended: ${JSON.stringify(ending)}`)
  return { durationMs, notedMs }
}

/**
 * Plays a trial until a process of it did not get to the end of its work.
 *
 * @param durationMs how long the work takes, about
 * @param play draws after how long it kills; answers what became of the process, or of the unluckiest of several
 * @throws when the work is done each time, even where it is killed at once
 */
export async function killedAtWork(
  random: Random,
  durationMs: number,
  play: (moment: () => number) => Promise<Ending<unknown>['outcome']>,
): Promise<void> {
  let limitMs = Math.ceil((durationMs * (100 + BEHIND_PERCENT)) / 100)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    let earliestMs = limitMs
    const moment = () => {
      const drawnMs = attempt === ATTEMPTS ? 0 : random.below(Math.max(1, limitMs))
      earliestMs = Math.min(earliestMs, drawnMs)
      return drawnMs
    }
    if ((await play(moment)) !== 'done') return
    limitMs = earliestMs
  }
  throw new Error(`the work was done before its process could be killed, ${ATTEMPTS} times`)
}
