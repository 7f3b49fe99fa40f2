/** Which of the waiting groups make up the next batch, where batches may overtake one another. */

import { keysOf } from './group-keys.ts'
import type { Group } from './operation.ts'

/** What was chosen. Every list is in the order of arrival. */
export interface BatchChoice<W> {
  readonly taken: readonly W[]
  /** The keys that the taken ones concern. */
  readonly keys: Set<string>
  /** Those that have to wait for a batch in flight, or for a group held before. */
  readonly held: readonly W[]
  /** Those that may go at once, but with another batch. */
  readonly left: W[]
}

/**
 * Chooses from the front, so that nothing waits for ever. A group that shares a key with one that stays
 * stays too: operations on one key keep their order. Groups that share a key with the batch join it beyond
 * its share, since no other lane could take them meanwhile.
 *
 * @param inFlight the keys of each batch in flight
 * @param heldKeys the keys of the groups that are held already; those of more are added
 * @param share operations that the batch should have
 * @param most operations that it may have; a single larger group still goes
 */
export function chooseBatch<W extends { readonly group: Group }>(
  waiting: readonly W[],
  inFlight: readonly ReadonlySet<string>[],
  heldKeys: Set<string>,
  share: number,
  most: number,
): BatchChoice<W> {
  const taken: W[] = []
  const held: W[] = []
  const left: W[] = []
  const takenKeys = new Set<string>()
  const leftKeys = new Set<string>()
  const put = (each: W, keys: readonly string[], list: W[], set: Set<string>): void => {
    list.push(each)
    for (const key of keys) set.add(key)
  }
  let operations = 0
  for (const [position, each] of waiting.entries()) {
    const size = each.group.operations.length
    if (taken.length > 0 && operations + size > most) {
      left.push(...waiting.slice(position))
      break
    }
    const keys = keysOf(each.group)
    const isIn = (set: ReadonlySet<string>): boolean => keys.some((key) => set.has(key))
    if (isIn(heldKeys) || inFlight.some(isIn)) {
      put(each, keys, held, heldKeys)
    } else if (isIn(leftKeys) || (operations >= share && !isIn(takenKeys))) {
      put(each, keys, left, leftKeys)
    } else {
      put(each, keys, taken, takenKeys)
      operations += size
    }
  }
  return { taken, keys: takenKeys, held, left }
}
