/** How often values came, by upper bounds. One array of numbers, so that an observation allocates nothing. */

export class Histogram {
  /** Upper bounds, inclusive and ascending. */
  readonly bounds: Float64Array
  /** One count for each bound, one for what is beyond the last, and the sum of all. */
  readonly #numbers: Float64Array

  constructor(bounds: readonly number[]) {
    this.bounds = Float64Array.from(bounds)
    this.#numbers = new Float64Array(bounds.length + 2)
  }

  observe(value: number): void {
    const { bounds } = this
    const numbers = this.#numbers
    let place = 0
    while (place < bounds.length && value > (bounds[place] as number)) place++
    numbers[place] = (numbers[place] as number) + 1
    const sum = bounds.length + 1
    numbers[sum] = (numbers[sum] as number) + value
  }

  /** How many values came in each bucket, the last beyond all bounds. */
  counts(): readonly number[] {
    return Array.from(this.#numbers.subarray(0, -1))
  }

  /** How many values came up to each bound, and at last how many in all. */
  cumulated(): readonly number[] {
    let count = 0
    return this.counts().map((each) => {
      count += each
      return count
    })
  }

  get count(): number {
    return this.counts().reduce((sum, each) => sum + each, 0)
  }

  get sum(): number {
    return this.#numbers.at(-1) as number
  }
}
