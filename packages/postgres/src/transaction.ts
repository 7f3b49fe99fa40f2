/** One attempt of a transaction. */

import {
  type BackendTransaction,
  type ChangedKey,
  type Group,
  type Outcome,
  StoreError,
} from '@coffer/core/backend'
import { applyGroup } from './apply-group.ts'
import { MAX_NAMED } from './change-hint.ts'
import type { Floor } from './floors.ts'
import { changedBy } from './notifications.ts'
import type { Place } from './place.ts'
import { aggregateRows, countRows, readDocuments, readKeys, readPage } from './reads.ts'
import type { Session } from './session.ts'
import { commit } from './transaction-ends.ts'

/**
 * Runs the callback in a serializable transaction on the session, and ends it.
 *
 * @throws what the callback threw, after undoing everything; `TRANSACTION_ABORTED` when a statement inside
 *   failed and the callback went on as if it had not
 */
export async function runTransaction<T>(
  place: Place,
  session: Session,
  work: (transaction: BackendTransaction) => Promise<T>,
): Promise<T> {
  const transaction = new Transaction(place, session)
  try {
    session.begin(place.connections.begin('SERIALIZABLE'))
    const result = await work(transaction)
    await transaction.commit()
    return result
  } catch (error) {
    await transaction.rollback()
    throw error
  }
}

class Transaction implements BackendTransaction {
  readonly #place: Place
  readonly #session: Session
  /** Operations take turns: what one of them undoes must not be another's. */
  #last: Promise<unknown> = Promise.resolve()
  /** Floors that this transaction has made. */
  readonly #made: Floor[] = []
  /** What this transaction has changed, where others are to be told of it. */
  readonly #changed: ChangedKey[] = []
  /** The first failure of the server that was not undone by a savepoint. */
  #failure: { readonly cause: unknown } | undefined
  #savepoints = 0
  #hasEnded = false
  #isBusy = false

  constructor(place: Place, session: Session) {
    this.#place = place
    this.#session = session
  }

  readonly read: BackendTransaction['read'] = (layout, keys) =>
    this.#inTurn(() => readKeys(this.#place, this.#session, layout, keys))

  readonly query: BackendTransaction['query'] = (layout, query, at) =>
    this.#inTurn(() => readPage(this.#place, this.#session, layout, query, at))

  readonly documents: NonNullable<BackendTransaction['documents']> = (layout, query, at) =>
    this.#inTurn(() => readDocuments(this.#place, this.#session, layout, query, at))

  readonly count: BackendTransaction['count'] = (layout, question, at) =>
    this.#inTurn(() => countRows(this.#place, this.#session, layout, question, at))

  readonly aggregate: BackendTransaction['aggregate'] = (layout, aggregation, at) =>
    this.#inTurn(() => aggregateRows(this.#place, this.#session, layout, aggregation, at))

  readonly write: BackendTransaction['write'] = (group, at) =>
    this.#inTurn(async () => {
      if (this.#place.isReadOnly) throw readOnlyError()
      const outcome: Outcome = await applyGroup({ place: this.#place, session: this.#session, at }, group)
      if (outcome.ok) {
        this.#noteFloors(group)
        this.#noteChanges(group)
      }
      return outcome
    })

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#savepoints += 1
    const name = `coffer_${this.#savepoints}`
    const failureBefore = this.#failure
    const changedBefore = this.#changed.length
    await this.#inTurn(() => this.#session.run([{ text: `SAVEPOINT ${name}` }]))
    try {
      const result = await work()
      await this.#inTurn(() => this.#session.run([{ text: `RELEASE ${name}` }]))
      return result
    } catch (error) {
      if (!this.#hasEnded && !this.#session.isLost) {
        await this.#taking(() =>
          this.#session.run([{ text: `ROLLBACK TO ${name}` }, { text: `RELEASE ${name}` }]),
        )
        this.#failure = failureBefore
        this.#changed.length = changedBefore
      }
      throw error
    } finally {
      this.#savepoints -= 1
    }
  }

  async commit(): Promise<void> {
    this.#hasEnded = true
    if (this.#failure !== undefined) throw aborted(this.#failure.cause)
    if (this.#session.isUntouched) return
    await commit(
      this.#session,
      this.#place.notifications.commands(() => this.#changed),
    )
    this.#place.floors.add(this.#made)
  }

  #noteFloors({ operations }: Group): void {
    const isNoted = (floor: Floor) =>
      this.#made.some((each) => each.layout === floor.layout && each.tenant === floor.tenant)
    const missing = this.#place.floors.missing(operations)
    this.#made.push(...missing.filter((floor) => !isNoted(floor)))
  }

  #noteChanges({ operations }: Group): void {
    if (!this.#place.notifications.isOn) return
    for (const key of changedBy(operations)) if (this.#changed.length <= MAX_NAMED) this.#changed.push(key)
  }

  /** Undoes everything. A statement still on its way would keep its locks, so it is stopped and its connection given up. */
  async rollback(): Promise<void> {
    this.#hasEnded = true
    if (this.#isBusy) await this.#session.giveUp()
    if (this.#session.isLost || this.#session.isUntouched || !this.#session.isInTransaction) return
    // A failure here leaves the connection lost or in the transaction, and it is closed for that.
    await this.#session.run([{ text: 'ROLLBACK' }]).catch(() => undefined)
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#taking(work)
    } catch (cause) {
      this.#failure ??= { cause }
      throw cause
    }
  }

  #taking<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.#hasEnded) throw closed()
      this.#isBusy = true
      try {
        return await work()
      } finally {
        this.#isBusy = false
      }
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

function closed(): StoreError {
  return new StoreError('TRANSACTION_CLOSED', 'the transaction has ended', { backend: 'postgresql' })
}

function aborted(cause: unknown): StoreError {
  return new StoreError('TRANSACTION_ABORTED', 'a statement failed and the transaction was undone', {
    backend: 'postgresql',
    cause,
  })
}

/** The refusal of a write in a store that was opened for reading. */
export function readOnlyError(): StoreError {
  return new StoreError('READ_ONLY', 'the store was opened with readOnly: true', { backend: 'postgresql' })
}
