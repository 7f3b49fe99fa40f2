/** One attempt of a transaction on the writer's connection. */

import {
  type BackendTransaction,
  type Group,
  type Outcome,
  StoreError,
  type StoreErrorDetails,
} from '@coffer/core/backend'
import type { OwnTables } from '@coffer/sql'
import { batch } from './batch.ts'
import { type Connection, commit, noteFailure, rollback } from './connection.ts'
import { effectOf } from './effect.ts'
import { applyUndoable } from './groups.ts'
import type { StatementsOf } from './layout-statements.ts'
import { aggregateRows, countRows, readDocuments, readKeys, readPage } from './reads.ts'
import type { TransactionRoom } from './transaction-room.ts'

/** Where a transaction runs. */
export interface TransactionPlace {
  readonly connection: Connection
  readonly statementsOf: StatementsOf
  readonly own: OwnTables
  readonly readOnly: boolean
  /** The room on its disk, where there is one. */
  readonly room: TransactionRoom | undefined
}

/**
 * Runs the callback in the transaction that is open on the connection, and ends it.
 *
 * @throws what the callback threw, after undoing everything; `TRANSACTION_ABORTED` when a statement inside
 *   failed and the callback went on as if it had not
 */
export async function runTransaction<T>(
  place: TransactionPlace,
  work: (transaction: BackendTransaction) => Promise<T>,
): Promise<T> {
  const { connection } = place
  const life: TransactionLife = { hasEnded: false, failure: undefined, savepoints: 0 }
  try {
    const result = await work(transactionHandle(place, life))
    life.hasEnded = true
    if (life.failure !== undefined || !connection.inTransaction) throw aborted(life.failure?.cause)
    place.room?.beforeCommit()
    commit(connection)
    return result
  } finally {
    life.hasEnded = true
    rollback(connection)
  }
}

interface TransactionLife {
  hasEnded: boolean
  /** The first failure of the engine that was not undone by a savepoint. */
  failure: { readonly cause: unknown } | undefined
  savepoints: number
}

function transactionHandle(place: TransactionPlace, life: TransactionLife): BackendTransaction {
  const { connection, statementsOf, own, readOnly, room } = place
  const guarded = <T>(work: () => T): T => {
    checkAlive(connection, life)
    try {
      return work()
    } catch (cause) {
      noteFailure(connection, cause)
      life.failure ??= { cause }
      throw cause
    }
  }
  const write = (group: Group, at: number): Outcome => {
    if (readOnly) throw readOnlyError()
    return guarded(() => {
      room?.beforeWrite(effectOf([group]))
      return applyUndoable(batch(connection, statementsOf, own, at), group)
    })
  }
  return {
    read: async (layout, keys) => guarded(() => readKeys(connection, statementsOf, layout, keys)),
    query: async (layout, query, at) => guarded(() => readPage(connection, statementsOf, layout, query, at)),
    documents: async (layout, query, at) =>
      guarded(() => readDocuments(connection, statementsOf, layout, query, at)),
    count: async (layout, question, at) =>
      guarded(() => countRows(connection, statementsOf, layout, question, at)),
    aggregate: async (layout, aggregation, at) =>
      guarded(() => aggregateRows(connection, statementsOf, layout, aggregation, at)),
    write: async (group, at) => write(group, at),
    savepoint: (work) => runSavepoint(connection, life, work),
  }
}

async function runSavepoint<T>(
  connection: Connection,
  life: TransactionLife,
  work: () => Promise<T>,
): Promise<T> {
  checkAlive(connection, life)
  life.savepoints += 1
  const name = `coffer_${life.savepoints}`
  const failureBefore = life.failure
  connection.run(`SAVEPOINT ${name}`, [])
  try {
    const result = await work()
    checkAlive(connection, life)
    connection.run(`RELEASE ${name}`, [])
    return result
  } catch (error) {
    if (connection.inTransaction && !life.hasEnded) {
      connection.run(`ROLLBACK TO ${name}`, [])
      connection.run(`RELEASE ${name}`, [])
      life.failure = failureBefore
    }
    throw error
  } finally {
    life.savepoints -= 1
  }
}

/** Some failures make SQLite undo the whole transaction; a statement after that would stand alone. */
function checkAlive(connection: Connection, life: TransactionLife): void {
  if (life.hasEnded) {
    throw new StoreError('TRANSACTION_CLOSED', 'the transaction has ended', { backend: 'sqlite' })
  }
  if (!connection.inTransaction) throw aborted(life.failure?.cause)
}

function aborted(cause: unknown): StoreError {
  const details: StoreErrorDetails = { backend: 'sqlite', cause }
  return new StoreError('TRANSACTION_ABORTED', 'a statement failed and the transaction was undone', details)
}

/** The refusal of a write in a store that was opened for reading. */
export function readOnlyError(): StoreError {
  return new StoreError('READ_ONLY', 'the store was opened with readOnly: true', { backend: 'sqlite' })
}
