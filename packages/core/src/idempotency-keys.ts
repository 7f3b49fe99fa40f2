/** Where the keys of transactions that happen once are kept, until they expire. */

import * as z from 'zod'
import type { Backend } from './backend.ts'
import { buildDefinition, type CollectionDefinition } from './definition.ts'

/** The keys of committed transactions, with what they answered. */
export const idempotencyKeys = buildDefinition(
  {
    name: 'coffer_idempotency_keys',
    schema: z.object({ key: z.string(), answer: z.unknown().optional() }),
    key: 'key',
  },
  false,
) as CollectionDefinition<{ readonly key: string; readonly answer?: unknown }>

/** Whether a place has such keys: who cleans up may never have run such a transaction. */
export async function holdsIdempotencyKeys({ contents }: Backend): Promise<boolean> {
  const held = (await contents?.layouts()) ?? []
  return held.some(({ layout }) => layout.name === idempotencyKeys.name)
}
