/** Ctrl-C, and what asks a process to end: work ends where it can end, and tells what it has done. */

/** Ctrl-C, and what a supervisor or a shutdown sends. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Runs with a signal that the first of these gives. The second ends the process in the usual way. */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  for (const name of SIGNALS) process.once(name, interrupt)
  try {
    return await run(interruption.signal)
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt)
  }
}
