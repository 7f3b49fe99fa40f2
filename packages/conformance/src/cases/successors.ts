/** Stores that follow one another: on one place, or from one place to another. */

import type { BaseStore } from '@coffer/core'
import { StoreError } from '@coffer/core/backend'
import { type CaseContext, offers } from '../case.ts'
import { fillWith, heldBy } from '../held-contents.ts'
import { overridden, type Wrap } from '../wrapped-backend.ts'

/** Another place that was filled with what a store's place holds, and the store that has filled it. */
export async function movedFrom(context: CaseContext, source: BaseStore): Promise<BaseStore> {
  const target = context.storeOn(await context.anotherPlace())
  await fillWith(target, await heldBy(source))
  return target
}

/**
 * Answers stores that use the case's place one after the other: each call closes the one before. Where
 * closing would lose what is stored, the backend stays open beneath them.
 */
export function successors(context: CaseContext): (wrap?: Wrap) => Promise<BaseStore> {
  const { place } = context
  const kept = offers(context.capabilities, 'persistent') ? undefined : place.backend()
  // Closed at the end of the case, with this one.
  if (kept !== undefined) context.storeOver(kept)
  let last: BaseStore | undefined
  return async (wrap) => {
    await last?.close()
    const backend = kept ? overridden(kept, { close: async () => undefined }) : place.backend()
    last = context.storeOver(wrap ? overridden(backend, wrap(backend)) : backend)
    return last
  }
}

/** Lets the first calls of `reindex` through and fails the others: a rewrite that is interrupted. */
export function interruptedAfter(calls: number): Wrap {
  return (backend) => {
    let left = calls
    return {
      reindex: async (...parameters) => {
        if (left === 0) throw new StoreError('UNAVAILABLE', 'a planted failure in the middle of a rewrite')
        left--
        return backend.reindex(...parameters)
      },
    }
  }
}
