/** Shares of whole numbers, compared without rounding. */

/**
 * True when `part` is at least `share` of `whole`, where the share is the decimal that JavaScript writes for
 * it: 7 is at least 0.07 of 100, though `0.07 * 100 > 7`.
 *
 * @param part a whole number
 * @param whole a whole number
 * @param share a number from 0 to 1
 */
export function reachesShare(part: number, whole: number, share: number): boolean {
  const [digits = '', exponent = '0'] = String(share).split('e')
  const [integer = '', fraction = ''] = digits.split('.')
  const denominator = 10n ** BigInt(fraction.length - Number(exponent))
  return BigInt(part) * denominator >= BigInt(integer + fraction) * BigInt(whole)
}
