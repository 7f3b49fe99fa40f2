/**
 * What is kept for each backend, collection and operation, found without building a key: this is on the path of
 * every operation. The number of collections is bounded, so that no program can make series without end.
 */

/** What an operation is counted by. Never a tenant, never a key. */
export interface OperationLabels {
  readonly backend: string
  /** Empty for operations on a store as a whole. */
  readonly collection: string
  readonly operation: string
}

/** What collections beyond the most that are told apart are counted as. */
export const OTHER = 'other'

/** The collections that are told apart. */
export const MAX_COLLECTIONS = 200

export class SeriesTable<T extends object> {
  readonly #make: (labels: OperationLabels) => T
  readonly #collections = new Set<string>()
  readonly #series = new Map<string, Map<string, Map<string, T>>>()
  readonly #all: T[] = []

  constructor(make: (labels: OperationLabels) => T) {
    this.#make = make
  }

  /** All that is kept, in the order in which it came. */
  get all(): readonly T[] {
    return this.#all
  }

  /** What is kept for an operation; made when it comes for the first time. */
  of({ backend, collection, operation }: OperationLabels): T {
    const known = this.#series.get(backend)?.get(collection)?.get(operation)
    return known ?? this.#find(backend, this.#name(collection), operation)
  }

  clear(): void {
    this.#collections.clear()
    this.#series.clear()
    this.#all.length = 0
  }

  #name(collection: string): string {
    if (collection === '' || this.#collections.has(collection)) return collection
    if (this.#collections.size >= MAX_COLLECTIONS) return OTHER
    this.#collections.add(collection)
    return collection
  }

  #find(backend: string, collection: string, operation: string): T {
    const operations = inner(inner(this.#series, backend), collection)
    const known = operations.get(operation)
    if (known !== undefined) return known
    const made = this.#make({ backend, collection, operation })
    operations.set(operation, made)
    this.#all.push(made)
    return made
  }
}

function inner<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const known = maps.get(key)
  if (known !== undefined) return known
  const made = new Map<string, T>()
  maps.set(key, made)
  return made
}
