/** A process that works on a whole place: fills, saves or copies it, or lets a bank work there. */

import { backup, copy, restore } from '@coffer/backup'
import { createStore, type StoreConfig } from '@coffer/core'
import { type Banking, bank, growingRestMs, until } from './bank.ts'
import { naiveCopy } from './copy-naive.ts'
import { naiveRestore } from './restore-naive.ts'
import { serve, standStill } from './worker-process.ts'

/** What such a process is told to do. */
export type ContentsJob =
  | { readonly type: 'bank'; readonly config: StoreConfig; readonly banking: Banking }
  | {
      readonly type: 'backup'
      readonly config: StoreConfig
      readonly out: string
      readonly format: 'archive' | 'native'
    }
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

await serve<ContentsJob, ContentsResult>(async (job, { stopped, rested, note }) => {
  if (job.type === 'copy') return copyJob(job, note)
  const store = createStore(job.config)
  try {
    if (job.type === 'bank') {
      const isOn = until(stopped)
      const mayGoOn = async () => {
        await rested()
        return isOn()
      }
      return { ...NOTHING, transfers: await bank(store, job.banking, mayGoOn) }
    }
    if (job.type === 'backup') await backup(store, { out: job.out, format: job.format })
    else if (job.isNaive) await naiveRestore(job.path, store, () => standStill(note))
    else await restore(job.path, store, { replace: true })
    return NOTHING
  } finally {
    await store.close()
  }
})

/** A copy begins when the bank is at work, so that it is one of a living store on whatever machine. */
async function copyJob(job: CopyJob, note: () => void): Promise<ContentsResult> {
  const { source, target, banking, update, isNaive } = job
  await using from = createStore(source)
  await using to = createStore(target)
  const copied = async () =>
    isNaive ? naiveCopy(from, to, note) : (await copy(from, to, { update, onProgress: note })).contentHash
  if (banking === undefined) return { transfers: 0, contentHash: await copied() }
  const over = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const transfers = bank(from, banking, until(over.promise, growingRestMs), begun.resolve)
  try {
    await Promise.race([begun.promise, transfers])
    const contentHash = await copied()
    over.resolve()
    return { transfers: await transfers, contentHash }
  } finally {
    over.resolve()
    await transfers.catch(() => undefined)
  }
}
