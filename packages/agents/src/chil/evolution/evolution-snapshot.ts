/** Snapshots of the state of an evolution, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { anyJson, nameText } from '../checked.ts'
import { evolutionGenerations } from './evolution-generation.ts'

/** A snapshot as it is stored. `state` is any JSON; it never changes. */
export const evolutionSnapshot = z.strictObject({
  snapshot_id: idText,
  population: nameText,
  /** The generation that it shows; it must be there. */
  generation_id: idText.optional(),
  state: anyJson,
  /** The hex SHA-256 of the state in the canonical form of RFC 8785. */
  state_hash: z.string(),
  created_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** A snapshot as the store gives it: what the schema `evolutionSnapshot` describes. */
export type EvolutionSnapshot = z.output<typeof evolutionSnapshot>

/** What a new snapshot is made from. */
export const newEvolutionSnapshot = evolutionSnapshot.omit({ state_hash: true, created_at: true })

/** A snapshot to be saved. */
export type NewEvolutionSnapshot = z.output<typeof newEvolutionSnapshot>

/** The table `evolution_snapshots`. */
export const evolutionSnapshots = defineCollection({
  name: 'evolution_snapshots',
  schema: evolutionSnapshot,
  key: 'snapshot_id',
  fields: {
    snapshot_id: 'column',
    population: 'column',
    generation_id: 'column',
    state: 'json',
    state_hash: 'column',
    created_at: 'column',
    metadata: 'json',
  },
  indexes: [['population', 'created_at']],
  references: { generation_id: { collection: evolutionGenerations.name } },
  integrity: true,
})
