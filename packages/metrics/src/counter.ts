/** Counts by one label, such as failures by their code. */
export class Counter {
  readonly #counts = new Map<string, number>()

  add(label: string, amount = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + amount)
  }

  entries(): Iterable<readonly [label: string, count: number]> {
    return this.#counts
  }
}
