/**
 * Adds numbers as they are written down, not as binary fractions: 0.1 and 0.2 are 0.3, in whatever order they
 * come. What is added is the shortest decimal form of each, which is what JSON and JavaScript write.
 */

/** What the shortest form of a number is made of: `-1.25e-7`. */
const FORM = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/

/** A sum without rounding. Its size grows with the range of the numbers, never with how many there are. */
export class ExactSum {
  /** What was added in units of each power of ten. */
  readonly #units = new Map<number, bigint>()
  /** Whole numbers, while their sum is exact. */
  #whole = 0

  /** @param value a finite number */
  add(value: number): void {
    const whole = this.#whole + value
    if (Number.isSafeInteger(value) && Number.isSafeInteger(whole)) this.#whole = whole
    else this.#addForm(String(value))
  }

  /** The sum as a decimal number that `Number` reads with one rounding, such as `3e-1`; `0` when nothing was added. */
  toText(): string {
    const exponents = [...this.#units.keys()]
    const least = Math.min(0, ...exponents)
    let total = BigInt(this.#whole) * tenToThe(-least)
    for (const [exponent, units] of this.#units) total += units * tenToThe(exponent - least)
    return least === 0 ? String(total) : `${total}e${least}`
  }

  #addForm(form: string): void {
    const [, before = '', after = '', power = '0'] = FORM.exec(form) ?? []
    const exponent = Number(power) - after.length
    this.#units.set(exponent, (this.#units.get(exponent) ?? 0n) + BigInt(before + after))
  }
}

function tenToThe(exponent: number): bigint {
  return 10n ** BigInt(exponent)
}
