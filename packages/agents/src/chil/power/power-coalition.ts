/** Coalitions of nodes, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'

/** The most members of a coalition. */
export const MAX_MEMBERS = 1_000

const members = z.array(idText).refine((ids) => new Set(ids).size === ids.length, 'a member is named twice')

/** A coalition as it is stored. Members that are not named here are refused; `metadata` takes anything. */
export const powerCoalition = z.strictObject({
  coalition_id: idText,
  name: nameText.optional(),
  status: z.enum(['active', 'dissolved']),
  /** The nodes in it, in the order in which they came; of a dissolved one, those in it at the end. */
  members,
  formed_at: isoTimestamp,
  dissolved_at: isoTimestamp.nullable(),
  metadata: metadata.optional(),
})

/** A coalition as the store gives it: what the schema `powerCoalition` describes. */
export type PowerCoalition = z.output<typeof powerCoalition>

/** What a new coalition is made from. */
export const newPowerCoalition = powerCoalition
  .pick({ coalition_id: true, name: true, metadata: true })
  .extend({ members: members.min(1).max(MAX_MEMBERS) })

/** A coalition to be formed. */
export type NewPowerCoalition = z.output<typeof newPowerCoalition>

/** The table `power_coalitions`. */
export const powerCoalitions = defineCollection({
  name: 'power_coalitions',
  schema: powerCoalition,
  key: 'coalition_id',
  fields: {
    coalition_id: 'column',
    name: 'column',
    status: 'column',
    members: 'index',
    formed_at: 'index',
    dissolved_at: 'column',
    metadata: 'json',
  },
})
