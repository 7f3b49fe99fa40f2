/** An error in one line, with its code and all that caused it. */

import { isStoreError } from '@coffer/core'

/** Causes below this depth are not shown. */
const MAX_CAUSES = 5

export function errorText(error: unknown): string {
  const texts: string[] = []
  for (let each = error; each !== undefined && texts.length < MAX_CAUSES; each = causeOf(each)) {
    texts.push(isStoreError(each) ? `${each.code} ${each.message}` : String(each))
  }
  return texts.join(' < ').replaceAll('\n', ' ')
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}
