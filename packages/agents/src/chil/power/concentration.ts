/** How unequally amounts are spread, as pure functions. Whole numbers in, and one rounding at the end. */

/**
 * The Gini coefficient: 0 where all hold the same, (n − 1) / n where one holds everything; null where there
 * is nothing to hold. For amounts x₁ ≤ … ≤ xₙ it is Σ (2i − n − 1) xᵢ / (n Σ xᵢ): half the relative mean
 * absolute difference (Gini, "Variabilità e mutabilità", 1912; in this form Sen, "On Economic Inequality",
 * 1973).
 */
export function gini(amounts: readonly number[]): number | null {
  const sorted = amounts.toSorted((left, right) => left - right)
  const count = BigInt(sorted.length)
  let [total, weighted] = [0n, 0n]
  for (const [place, amount] of sorted.entries()) {
    total += BigInt(amount)
    weighted += (2n * BigInt(place + 1) - count - 1n) * BigInt(amount)
  }
  return total === 0n ? null : Number(weighted) / Number(count * total)
}

/**
 * The Herfindahl–Hirschman index: the sum of the squares of the shares, from 1 / n where all hold the same to
 * 1 where one holds everything; null where there is nothing to hold (Hirschman, "The Paternity of an Index",
 * American Economic Review 54, 1964). Competition authorities write it as 10,000 times that.
 */
export function herfindahl(amounts: readonly number[]): number | null {
  let [total, squares] = [0n, 0n]
  for (const amount of amounts) {
    total += BigInt(amount)
    squares += BigInt(amount) ** 2n
  }
  return total === 0n ? null : Number(squares) / Number(total ** 2n)
}
