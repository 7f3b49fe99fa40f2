/** The processes that this one has started, stopped in their tracks and let go on again. Linux alone. */

import { readFileSync } from 'node:fs'

/**
 * Stops all of them but one. None will say anything more: not even that a call has succeeded which the system is
 * busy with at this moment.
 */
export function stopChildren(except: number | undefined): void {
  for (const child of children()) if (child !== except) process.kill(child, 'SIGSTOP')
}

/** Lets those go on that are still there. */
export function continueChildren(): void {
  for (const child of children()) process.kill(child, 'SIGCONT')
}

function children(): readonly number[] {
  const listed = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
  return listed.split(' ').filter(Boolean).map(Number)
}
