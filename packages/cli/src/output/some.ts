/** The first of many names. */

const MAX_NAMES = 3

/** `a, b, c and 33 more`. */
export function some(names: readonly string[]): string {
  const more = names.length - MAX_NAMES
  return names.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
