/** Ages as options take them: `30d`, `12h`. */

import { InvalidArgumentError } from 'commander'

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** Milliseconds of an age; for Commander, which names the option. */
export function parseAge(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined)
    return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
  throw new InvalidArgumentError('It must be a number with s, m, h, d or w, such as 30d.')
}
