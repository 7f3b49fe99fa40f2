/** A process that works on a whole place: fills, saves or copies it, or lets a bank work there. */

import { backup, copy, restore } from '@coffer/backup'
import { createStore, type StoreConfig } from '@coffer/core'
import { type Banking, bank, until } from './bank.ts'
import { naiveCopy } from './copy-naive.ts'
import { naiveRestore } from './restore-naive.ts'
import { serve } from './worker-process.ts'

/** What such a process is told to do. */
export type ContentsJob =
  | { readonly type: 'bank'; readonly config: StoreConfig; readonly banking: Banking }
  | { readonly type: 'backup'; readonly config: StoreConfig; readonly out: string }
  | {
      readonly type: 'restore'
      readonly config: StoreConfig
      readonly path: string
      /** Whether the control is to do it, which is known to do it in pieces. */
      readonly isNaive: boolean
    }
  | CopyJob

export interface CopyJob {
  readonly type: 'copy'
  readonly source: StoreConfig
  readonly target: StoreConfig
  /** Who works in the source meanwhile; nobody where it stands still. */
  readonly banking: Banking | undefined
  readonly update: boolean
  /** Whether the control is to do it, which goes on where its counter stands. */
  readonly isNaive: boolean
}

/** What it did, in numbers; a copy answers the hash of what it copied. */
export interface ContentsResult {
  readonly transfers: number
  readonly contentHash: string | undefined
}

const NOTHING: ContentsResult = { transfers: 0, contentHash: undefined }

await serve<ContentsJob, ContentsResult>(async (job, { stopped, note }) => {
  if (job.type === 'copy') return copyJob(job, note)
  const store = createStore(job.config)
  try {
    if (job.type === 'bank') return { ...NOTHING, transfers: await bank(store, job.banking, until(stopped)) }
    if (job.type === 'backup') await backup(store, { out: job.out })
    else if (job.isNaive) await naiveRestore(job.path, store, note)
    else await restore(job.path, store, { replace: true })
    return NOTHING
  } finally {
    await store.close()
  }
})

async function copyJob(job: CopyJob, note: () => void): Promise<ContentsResult> {
  const { source, target, banking, update, isNaive } = job
  const from = createStore(source)
  const to = createStore(target)
  try {
    const copying = isNaive
      ? naiveCopy(from, to, note)
      : copy(from, to, { update, onProgress: note }).then(({ contentHash }) => contentHash)
    const transfers = banking === undefined ? 0 : await bank(from, banking, until(copying))
    return { transfers, contentHash: await copying }
  } finally {
    await from.close()
    await to.close()
  }
}
