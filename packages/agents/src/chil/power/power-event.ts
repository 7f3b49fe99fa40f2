/** What happened between nodes, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { powerAmount } from './power-node.ts'

/** An event as it is stored. Members that are not named here are refused; `metadata` takes anything. */
export const powerEvent = z.strictObject({
  event_id: idText,
  /**
   * The store's own are `power_transfer`, `coalition_formed`, `coalition_joined`, `coalition_left` and
   * `coalition_dissolved`.
   */
  event_type: nameText,
  /** The nodes concerned; of a transfer the giver and the receiver. They may be gone since. */
  participants: z.array(idText),
  /** Of a transfer. */
  from_id: idText.optional(),
  to_id: idText.optional(),
  amount: powerAmount.optional(),
  coalition_id: idText.optional(),
  reason: z.string().optional(),
  occurred_at: isoTimestamp,
  metadata: metadata.optional(),
})

/** An event as the store gives it: what the schema `powerEvent` describes. */
export type PowerEvent = z.output<typeof powerEvent>

/** The types that only the store's own methods record, together with what they tell of. */
export const OWN_EVENTS = [
  'power_transfer',
  'coalition_formed',
  'coalition_joined',
  'coalition_left',
  'coalition_dissolved',
] as const

/** What an event of the caller's own is made from: an id is made, and the present instant is taken, where none is given. */
export const newPowerEvent = powerEvent
  .pick({
    event_id: true,
    event_type: true,
    participants: true,
    reason: true,
    occurred_at: true,
    metadata: true,
  })
  .partial({ event_id: true, participants: true, occurred_at: true })
  .refine(({ event_type }) => !OWN_EVENTS.some((own) => own === event_type), {
    path: ['event_type'],
    message: 'it is recorded by the method that does what it tells',
  })

/** An event to be recorded. */
export type NewPowerEvent = z.output<typeof newPowerEvent>

/** The table `power_events`. */
export const powerEvents = defineCollection({
  name: 'power_events',
  schema: powerEvent,
  key: 'event_id',
  fields: {
    event_id: 'column',
    event_type: 'column',
    participants: 'index',
    from_id: 'column',
    to_id: 'column',
    amount: 'column',
    coalition_id: 'column',
    reason: 'json',
    occurred_at: 'index',
    metadata: 'json',
  },
  indexes: [['event_type', 'occurred_at']],
})
