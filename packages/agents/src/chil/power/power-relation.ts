/** Relations between nodes, from one to another, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { powerNodes } from './power-node.ts'

/** A relation as it is stored. Members that are not named here are refused; `metadata` takes anything. */
export const powerRelation = z.strictObject({
  /** Made of the two nodes and the type: there is one relation of each type from one node to another. */
  relation_id: idText,
  source_id: idText,
  target_id: idText,
  /** Such as `hierarchical`, `collaborative`, `competitive`, `dependency` or `influence`; any text. */
  relation_type: nameText,
  /** 0 to 1. */
  strength: z.number().min(0).max(1),
  established_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** A relation as the store gives it: what the schema `powerRelation` describes. */
export type PowerRelation = z.output<typeof powerRelation>

/** What a new relation is made from: of strength 0.5 unless said otherwise, and never from a node to itself. */
export const newPowerRelation = powerRelation
  .omit({ relation_id: true, established_at: true })
  .partial({ strength: true })
  .refine(({ source_id, target_id }) => source_id !== target_id, {
    path: ['target_id'],
    message: 'a node has no relation to itself',
  })

/** A relation to be created. */
export type NewPowerRelation = z.output<typeof newPowerRelation>

/** The table `power_relations`. A relation goes with either of its nodes. */
export const powerRelations = defineCollection({
  name: 'power_relations',
  schema: powerRelation,
  key: 'relation_id',
  fields: {
    relation_id: 'column',
    source_id: 'index',
    target_id: 'index',
    relation_type: 'index',
    strength: 'column',
    established_at: 'column',
    metadata: 'json',
  },
  references: {
    source_id: { collection: powerNodes.name, onDelete: 'cascade' },
    target_id: { collection: powerNodes.name, onDelete: 'cascade' },
  },
})
