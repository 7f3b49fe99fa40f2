/**
 * The room on the disk for one transaction. Its callback can't be run a second time, so the room is made before it
 * begins where the disk was nearly full, and before its commit where it only removes.
 */

import type { Effect } from './effect.ts'
import { errorCode } from './error-code.ts'
import type { Room } from './room.ts'

export class TransactionRoom {
  readonly #room: Room
  #effect: Effect | undefined
  /** Whether the room has to be restored at the end. */
  #isPrepared: boolean

  constructor(room: Room) {
    this.#room = room
    this.#isPrepared = room.isTight
    if (room.isTight) room.prepare('stores')
  }

  beforeWrite(effect: Effect): void {
    if (this.#effect !== 'stores') this.#effect = effect
    if (this.#isPrepared) this.#room.allow(effect)
  }

  beforeCommit(): void {
    if (this.#isPrepared) this.#room.makeRoomForLog()
    else if (this.#effect === 'removes') this.#isPrepared = this.#room.makeRoomIfTight()
  }

  /** To be called when the transaction has ended, with the error if it failed. */
  end(error?: unknown): void {
    if (errorCode(error) === 'NO_SPACE') this.#room.noteFull()
    if (this.#isPrepared) this.#room.restore()
    else if (this.#effect !== undefined) this.#room.committed(Number.POSITIVE_INFINITY)
  }
}
