/** The options of `{ type: 'memory' }`. */

import * as z from 'zod'

/** The options of `{ type: 'memory' }`: none. */
export const memoryOptions = z.strictObject({})

/** The options of `{ type: 'memory' }`, as a user writes them: none. */
export type MemoryOptions = Readonly<Record<never, never>>
