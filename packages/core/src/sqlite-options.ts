/** The options of `{ type: 'sqlite' }`. */

import * as z from 'zod'

/** The options of `{ type: 'sqlite' }`. */
export const sqliteOptions = z.strictObject({
  /** The database file, made if it is missing, or `:memory:`. */
  path: z.string().min(1),
  /**
   * What an acknowledged write survives: `power` (the default) is `synchronous=FULL`, `process` is NORMAL,
   * `none` is OFF.
   */
  durability: z.enum(['power', 'process', 'none']).default('power'),
  /** Whether opening makes and changes tables, or only looks whether they are as they should be. */
  migrate: z.enum(['auto', 'verify']).default('auto'),
  /** Opens for reading only; nothing is made or changed. */
  readOnly: z.boolean().default(false),
  /** How long to wait for another process's write, in milliseconds; then the operation fails with `BUSY`. */
  busyTimeoutMs: z.int().min(0).max(600_000).default(5_000),
  /**
   * How many bytes of the disk are kept at most, in a file beside the database, so that records can still be removed
   * when it is full. It begins with 256 KiB and grows with what is written at a time. 0 keeps none.
   */
  reserveBytes: z
    .int()
    .min(0)
    .max(64 * 1_024 * 1_024)
    .default(4 * 1_024 * 1_024),
  /** Put before the name of every table, so that several stores can share one file. */
  tablePrefix: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,15}$/)
    .optional(),
})

/** The options of `{ type: 'sqlite' }`, as a user writes them; all but `path` may be left out. Checked when the store is made. */
export type SqliteOptions = z.input<typeof sqliteOptions>
