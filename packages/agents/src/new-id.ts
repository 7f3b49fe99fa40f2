/** Ids for records that come without one. */

import { v7 } from 'uuid'

/**
 * A UUID of version 7 (RFC 9562): those that are made one after the other stand beside each other in an index, so
 * that adding entries to a large table touches the end of it and not all of it.
 */
export function newId(): string {
  return v7()
}
