/** All that a directory holds, as rows, and its replacement. */

import type { Contents } from '@coffer/core/backend'
import { Filling, snapshotOf, type View } from '@coffer/memory/engine'
import { fileError } from './error-code.ts'
import { changesSince, type Writer } from './writer.ts'

/** What an open directory offers. */
export interface OpenDirectory {
  /** All that is durable. */
  readonly view: () => View
  /** @throws StoreError `READ_ONLY` */
  readonly writer: () => Writer
  /** Called when everything was replaced. */
  readonly onReplaced: () => void
}

export function contentsOf({ view, writer, onReplaced }: OpenDirectory): Contents {
  return {
    layouts: async () => snapshotOf(view()).layouts,
    snapshot: async (run) => run(snapshotOf(view())),
    replace: async ({ layouts, onlyIfEmpty }, run) => {
      const writing = writer()
      const refuseRows = () => {
        if (onlyIfEmpty && !writing.durable.isEmpty) throw notEmpty()
      }
      writing.assertSound()
      refuseRows()
      const filling = new Filling(layouts)
      const result = await run(filling)
      await writing.replace(filling.view(), refuseRows)
      onReplaced()
      return result
    },
    merge: async (layout, merge) => {
      const writing = writer()
      const fork = writing.engine.fork()
      fork.merge(layout, merge)
      const changes = changesSince(fork, 0)
      await writing.commit(fork, changes.length === 0 ? [] : [changes])
    },
  }
}

function notEmpty() {
  const advice = 'replace it in so many words, or take an empty one'
  return fileError('ALREADY_EXISTS', `the directory has records already: ${advice}`)
}
