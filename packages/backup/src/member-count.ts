/** Counts the members that a text of JSON names, also those that a parser forgets. */

/** How many members all objects of a text have. The text has been parsed, so it is JSON. */
export function membersIn(text: string): number {
  let members = 0
  for (let start = text.indexOf('"'); start !== -1; ) {
    const end = endOfString(text, start)
    const following = afterSpace(text, end + 1)
    if (text[following] === ':') members++
    start = text.indexOf('"', following)
  }
  return members
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text[end - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return end
  }
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return at
}
