/** Memory entries: what an agent keeps, and where it comes from, after Aureus' PostgresMemoryStore. */

import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import { provenance } from '../provenance.ts'
import { metadata } from '../registry/json-member.ts'

/**
 * One memory of an agent. `content` is any JSON; members that are not named here are refused, and `metadata`
 * takes anything.
 */
export const memoryEntry = z.strictObject({
  id: z.string(),
  content: z.unknown(),
  type: z.enum(['episodic_note', 'artifact', 'snapshot']),
  provenance,
  tags: z.array(z.string()).optional(),
  metadata: metadata.optional(),
})

/** A memory as the store takes and gives it: what the schema `memoryEntry` describes. */
export type MemoryEntry = z.output<typeof memoryEntry>

/** The table `memory_entries`, with a hash beside each entry. */
export const memoryEntries = defineCollection({
  name: 'memory_entries',
  schema: memoryEntry,
  key: 'id',
  fields: {
    id: 'column',
    type: 'column',
    task_id: { path: 'provenance.task_id', index: false },
    step_id: { path: 'provenance.step_id' },
    source_event_id: { path: 'provenance.source_event_id' },
    source_event_ids: { path: 'provenance.source_event_ids' },
    timestamp: { path: 'provenance.timestamp' },
    tags: 'index',
    content_words: { type: 'words', path: 'content' },
    content: 'json',
    metadata: 'json',
    provenance: 'json',
  },
  indexes: [
    ['task_id', 'timestamp'],
    ['type', 'timestamp'],
  ],
  integrity: true,
})
