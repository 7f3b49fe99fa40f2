/** How work that concerns a place as a whole gets to the backend: past the collections, which it does not open. */

import type { Backend } from './backend.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import type { Opening } from './opening.ts'
import type { Group, Outcome } from './operation.ts'
import { heldPlace } from './place-callback.ts'
import type { Rewriting } from './reindex.ts'
import { refuseInsidePlace, refuseInsideTransaction } from './waiting-for-itself.ts'

/** What the door of an engine stands on. */
export interface PlaceDoorParts {
  readonly engine: Engine
  readonly opening: Opening
  /** The backend, not yet open. */
  readonly load: () => Promise<Backend>
  /** Opens the backend and what is wanted: all that is defined where nothing is said. */
  readonly open: (
    wanted: (() => readonly CollectionDefinition[]) | undefined,
    rewriting?: Rewriting,
  ) => Promise<void>
  /** The backend, once it is loaded. */
  readonly backend: () => Backend
  readonly write: (group: Group) => Promise<Outcome>
  /** Throws a failure under its name. */
  readonly fail: (cause: unknown) => never
}

/** The way of `Place` to the backend. */
export class PlaceDoor {
  readonly #parts: PlaceDoorParts

  constructor(parts: PlaceDoorParts) {
    this.#parts = parts
  }

  /**
   * Lets work in; collections that are defined are opened by `open` alone.
   *
   * @param unmade answers where nothing was ever made, so that nothing is made by asking
   */
  at<T>(
    operation: string,
    run: (backend: Backend, open: (rewriting: Rewriting) => Promise<void>) => Promise<T>,
    unmade?: (backend: Backend) => Promise<T>,
  ): Promise<T> {
    const { engine, open, backend, fail } = this.#parts
    return engine.operate('', operation, async () => {
      refuseInsideTransaction(engine, `'${operation}'`)
      if (unmade !== undefined && (await this.#isUnmade().catch(fail))) {
        return unmade(backend()).catch(fail)
      }
      const begun = open(() => []).then(() => {
        const { readsBesideTransaction } = backend().capabilities
        if (!readsBesideTransaction && heldPlace(engine) === 'replacement')
          refuseInsidePlace(engine, operation)
        return run(backend(), (rewriting) => open(undefined, rewriting))
      })
      return begun.catch(fail)
    })
  }

  /** True where it is known that nothing was ever made. */
  async #isUnmade(): Promise<boolean> {
    const { opening, load } = this.#parts
    if (opening.isOpened) return false
    const backend = await load()
    return (await backend.isThere?.()) === false
  }

  /** Writes rows of no collection in their turn, from within `at`. */
  write(group: Group): Promise<Outcome> {
    return this.#parts.write(group)
  }

  /** Runs what may leave other tables behind: before any collection is open, and none is opened meanwhile. */
  async alone<T>(action: string, run: () => Promise<T>): Promise<T> {
    refuseInsidePlace(this.#parts.engine, action)
    return this.#parts.opening.alone(action, run)
  }

  /** Runs what needs a table of its own, before or behind what runs alone. */
  beside<T>(run: () => Promise<T>): Promise<T> {
    return this.#parts.opening.beside(run)
  }
}
