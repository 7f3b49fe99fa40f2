/** Chance that can be repeated: all of it follows from numbers. */

import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A source of chance. */
export interface Random {
  /** A whole number from 0, below the one given. */
  below(limit: number): number
  /** True in so many of a hundred cases. */
  percent(chance: number): boolean
  /** One of the values, of which there must be one. */
  pick<T>(values: readonly T[]): T
  bytes(length: number): Uint8Array
}

/** FNV-1a: spreads seeds that are close to each other. */
const HASH_START = 0x811c9dc5
const HASH_FACTOR = 0x01000193

/**
 * A source of its own for each list of numbers: the seed, and what it is for. So what is left to chance in one
 * place does not depend on how much of it was used in another.
 */
export function randomFrom(...seeds: readonly number[]): Random {
  let hash = HASH_START
  for (const seed of seeds) {
    for (let shift = 0; shift < 32; shift += 8)
      hash = Math.imul(hash ^ ((seed >>> shift) & 0xff), HASH_FACTOR)
  }
  const generator = xoroshiro128plus(hash)
  const below = (limit: number) => uniformInt(generator, 0, limit - 1)
  return {
    below,
    percent: (chance) => below(100) < chance,
    pick: (values) => {
      const value = values[below(values.length)]
      if (value === undefined) throw new Error('there is nothing to pick from')
      return value
    },
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  }
}
