/** What was found wrong: of each kind the first, and how often it was found. */

/** More kinds than these are only counted. */
const MOST_TOLD = 20

export class Violations {
  readonly #kinds = new Map<string, { readonly first: string; count: number }>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /**
   * @param where how to see it again
   * @param problem what is wrong; problems that differ only in numbers are of one kind
   */
  add(where: string, problem: string): void {
    this.#count++
    const kind = problem.replace(/\d+/g, '#')
    const known = this.#kinds.get(kind)
    if (known === undefined) this.#kinds.set(kind, { first: `${where}: ${problem}`, count: 1 })
    else known.count++
  }

  /** A sentence for each kind. */
  get told(): readonly string[] {
    const kinds = [...this.#kinds.values()].map(({ first, count }) =>
      count === 1 ? first : `${first} (${count} like this)`,
    )
    const rest = kinds.length - MOST_TOLD
    return rest > 0 ? [...kinds.slice(0, MOST_TOLD), `and ${rest} of other kinds`] : kinds
  }
}
