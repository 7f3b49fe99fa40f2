/** The small record that stores are moved with: a note as people write them, with two indexes that its user asks by. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'

export const notes = defineCollection({
  name: 'notes',
  schema: z.object({
    id: z.string(),
    author: z.string(),
    text: z.string(),
    tags: z.array(z.string()),
    at: isoTimestamp,
  }),
  key: 'id',
  fields: { author: 'column', at: 'column' },
  indexes: [['author', 'at'], ['at']],
})

export type Note = {
  readonly id: string
  readonly author: string
  readonly text: string
  readonly tags: string[]
  readonly at: string
}

const AUTHORS = 500
const TAGS = ['orders', 'returns', 'shipping', 'urgent', 'billing', 'praise', 'later'] as const
const START = Date.UTC(2026, 0, 1)

/** The note of a number; the same number gives the same note. */
export function note(number: number): Note {
  return {
    id: `note-${String(number).padStart(9, '0')}`,
    author: `author-${(number * 7919) % AUTHORS}`,
    text: `Order ${number} came ${number % 12} days late, and the customer would like to know why nobody has called.`,
    tags: [tag(number), tag(number * 3 + 1)],
    at: new Date(START + number * 1_000).toISOString(),
  }
}

function tag(number: number): string {
  return TAGS[number % TAGS.length] ?? TAGS[0]
}
