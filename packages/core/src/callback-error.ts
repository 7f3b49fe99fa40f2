/** What a callback that is told of progress has thrown, on its way to whoever gave it. */

/** It passes through an engine as no failure of that. */
export class CallbackError extends Error {
  override readonly name = 'CallbackError'
}

/** A callback whose failures can be told from all others. */
export function marked<A extends unknown[]>(
  callback: ((...parameters: A) => void) | undefined,
): ((...parameters: A) => void) | undefined {
  if (callback === undefined) return undefined
  return (...parameters) => {
    try {
      callback(...parameters)
    } catch (cause) {
      throw new CallbackError('a callback has thrown', { cause })
    }
  }
}

/** Throws what the callback threw as it was. */
export async function unmarked<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const inner = (error as { cause?: unknown } | null)?.cause
    if (error instanceof CallbackError) throw inner
    throw inner instanceof CallbackError ? inner.cause : error
  }
}
