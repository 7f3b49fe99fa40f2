/** Ctrl-C: work ends where it can end, and tells what it has done. */

/** Runs with a signal that the first Ctrl-C gives. The second ends the process in the usual way. */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  process.once('SIGINT', interrupt)
  try {
    return await run(interruption.signal)
  } finally {
    process.off('SIGINT', interrupt)
  }
}
