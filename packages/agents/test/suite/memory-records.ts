/** Memories to try them with. */

import type { MemoryEntry, Provenance } from '../../src/index.ts'

/** Where memories come from, unless said otherwise. */
export const origin = (more: Partial<Provenance> = {}): Provenance => ({
  task_id: 'task-1',
  step_id: 'step-1',
  timestamp: new Date('2026-03-01T11:00:00.000Z'),
  ...more,
})

export function aMemory(id: string, more: Partial<MemoryEntry> = {}): MemoryEntry {
  return { id, content: { note: `about ${id}` }, type: 'episodic_note', provenance: origin(), ...more }
}

/** The ids of memories, joined. */
export function idsOf(entries: readonly { readonly id: string }[]): string {
  return entries.map((each) => each.id).join('')
}
