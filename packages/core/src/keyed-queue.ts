/** Turns: pieces of work on one key run one after the other, those on different keys at once. */

import { AsyncLocalStorage } from 'node:async_hooks'
import { invalid } from './errors.ts'

/** A turn that is being had, and the one that it was asked for in, if any. */
interface Turn {
  readonly queue: KeyedQueue
  readonly key: string
  readonly outer: Turn | undefined
  ended: boolean
}

const turns = new AsyncLocalStorage<Turn>()

export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /**
   * Runs the work when all earlier work on the key has ended, however it ended. Work that is asked for from
   * within other work of the queue waits for nobody, since two of that kind might wait for each other; on
   * the same key it is refused.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const outer = this.#enclosing()
    if (outer.some((turn) => turn.key === key)) {
      throw invalid(
        'an update of a record from within an update of the same record would wait for itself; ' +
          'answer the changed record instead',
      )
    }
    const turn: Turn = { queue: this, key, outer: turns.getStore(), ended: false }
    const take = () => turns.run(turn, work).finally(() => (turn.ended = true))
    if (outer.length > 0) return take()
    const before = this.#tails.get(key)
    const mine = before === undefined ? take() : before.then(take, take)
    this.#tails.set(key, mine)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === mine) this.#tails.delete(key)
    }
  }

  /** The turns of this queue that the caller is in. */
  #enclosing(): readonly Turn[] {
    const found: Turn[] = []
    for (let turn = turns.getStore(); turn !== undefined; turn = turn.outer) {
      if (turn.queue === this && !turn.ended) found.push(turn)
    }
    return found
  }
}
