/** What is stored on the disk that fills up, and what of it must be there. */

import { defineCollection, defineLog } from '@coffer/core'
import * as z from 'zod'

export const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), caller: z.int(), text: z.string() }),
  key: 'id',
  fields: { caller: 'index' },
  integrity: true,
})

export const journal = defineLog({
  name: 'journal',
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    text: z.string(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** All or nothing of it is stored, in one call. */
export interface FullDiskWrite {
  readonly type: 'putMany' | 'transaction' | 'append'
  readonly caller: number
  /** Texts by id; of an append, by a name that is used for nothing. */
  readonly texts: ReadonlyMap<string, string>
}

/** What was acknowledged, and nothing else. */
export class Ledger {
  readonly notes = new Map<string, string>()
  readonly streams = new Map<string, string[]>()

  note({ type, caller, texts }: FullDiskWrite): void {
    if (type === 'append') {
      const stream = streamOf(caller)
      this.streams.set(stream, [...(this.streams.get(stream) ?? []), ...texts.values()])
      return
    }
    for (const [id, text] of texts) this.notes.set(id, text)
  }
}

/** Each caller has a stream of its own. */
export function streamOf(caller: number): string {
  return `stream-${caller}`
}

/** A text of so many characters that begins with its name, so that no two are alike. */
export function textOf(name: string, length: number): string {
  return `${name} `.repeat(Math.ceil(length / (name.length + 1))).slice(0, length)
}
