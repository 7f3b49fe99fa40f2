/** The options of `{ type: 'file' }`. */

import * as z from 'zod'

/** The options of `{ type: 'file' }`. */
export const fileOptions = z.strictObject({
  /** The directory, made if it is missing; its parent must be there. It may hold nothing else. */
  basePath: z.string().min(1),
  /**
   * What an acknowledged write survives. `power` (the default) syncs the log before it answers; `process`
   * hands it to the system and syncs it about once a second; `none` never syncs.
   */
  durability: z.enum(['power', 'process', 'none']).default('power'),
  /** Whether opening makes and changes tables, or only looks whether they are as they should be. */
  migrate: z.enum(['auto', 'verify']).default('auto'),
  /** Opens for reading only, beside a writer or without one, and shows what was there when it was opened. */
  readOnly: z.boolean().default(false),
  /** How long to wait for another writer of the directory to close it, in milliseconds; then opening fails with `BUSY`. */
  lockTimeoutMs: z.int().min(0).max(600_000).default(5_000),
  /** When the log is written anew, without what is no longer valid. */
  compaction: z
    .strictObject({
      /** The least number of bytes in the directory. */
      minBytes: z
        .int()
        .min(0)
        .default(8 * 1_024 * 1_024),
      /** The least share of these bytes that stands for nothing any more, from 0 to 1. */
      deadShare: z.number().min(0).max(1).default(0.5),
    })
    .prefault({}),
})

/** The options of `{ type: 'file' }`, as a user writes them; all but `basePath` may be left out. Checked when the store is made. */
export type FileOptions = z.input<typeof fileOptions>
