/** Text for people, broken at spaces. */

import { Help } from 'commander'
import { oneLine } from './table.ts'

/** The lines of a text; a word that is wider stays whole, so that it can be copied. */
export function wrapped(text: string, width: number): string[] {
  // Commander leaves narrow text as it is, unless it is told not to.
  const help = Object.assign(new Help(), { minWidthToWrap: 1 })
  return help.boxWrap(oneLine(text), width).split('\n')
}
