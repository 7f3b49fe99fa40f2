/**
 * Cursors: a position in an answer, as opaque text. A cursor holds no connection and no secret. Its
 * checksum covers the query, so that one of another query, tenant or collection, or an altered one, is
 * refused instead of answering something else; what it says goes to the engine as parameters only.
 */

import { hash } from 'node:crypto'
import { invalid } from './errors.ts'
import type { OrderTerm, Position } from './order.ts'
import type { Predicate } from './predicate.ts'
import type { FieldValue, Visibility } from './row.ts'

/** What a cursor is tied to. */
export interface QueryIdentity {
  readonly collection: string
  readonly tenant: string
  readonly where: Predicate | undefined
  readonly order: readonly OrderTerm[]
  readonly visibility: Visibility
}

const CHECKSUM_BYTES = 12

/** Writes a position as a cursor of the query. */
export function sealCursor(position: Position, identity: QueryIdentity): string {
  const body = Buffer.from(JSON.stringify([...position.values, position.id]), 'utf8')
  return Buffer.concat([checksum(body, identity), body]).toString('base64url')
}

/** Reads a cursor back, or refuses one that is not of this query. */
export function openCursor(cursor: unknown, identity: QueryIdentity): Position {
  const bytes = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0)
  const body = bytes.subarray(CHECKSUM_BYTES)
  const sealed = bytes.subarray(0, CHECKSUM_BYTES)
  const intact = bytes.toString('base64url') === cursor && checksum(body, identity).equals(sealed)
  if (!intact) {
    throw invalid(`${identity.collection}: the cursor is not of this query; begin again without one`)
  }
  const values = JSON.parse(body.toString('utf8')) as FieldValue[]
  const id = values.pop() as string
  return { values, id }
}

/** The identity is built by core alone, member by member in one order, so its plain JSON is always the same. */
function checksum(body: Buffer, identity: QueryIdentity): Buffer {
  const { collection, tenant, where, order, visibility } = identity
  const query = JSON.stringify(['cursor/1', collection, tenant, where, order, visibility])
  return hash('sha256', `${query}\0${body.toString('latin1')}`, 'buffer').subarray(0, CHECKSUM_BYTES)
}
