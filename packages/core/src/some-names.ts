/** The first of many names, for messages. */

/** Names that a message shows. */
const MAX_NAMED = 4

/** All of a few names, or the first of them: `a, b, c, d, 32 more`. */
export function someNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMED
  return (more > 0 ? [...names.slice(0, MAX_NAMED), `${more} more`] : names).join(', ')
}
