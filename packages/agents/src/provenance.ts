/** Provenance: which step of which task something comes from, after Aureus' memory package. */

import { isoDate } from '@coffer/core'
import * as z from 'zod'

/**
 * Where an entry comes from. A single source event or several of them may be named, in one member or in both;
 * what asks for a source event finds it in either.
 */
export const provenance = z.strictObject({
  task_id: z.string(),
  step_id: z.string(),
  source_event_id: z.string().optional(),
  source_event_ids: z.array(z.string()).optional(),
  /** When it happened, which may be before it was stored. */
  timestamp: isoDate,
})

/** What the schema `provenance` describes. */
export type Provenance = z.output<typeof provenance>
