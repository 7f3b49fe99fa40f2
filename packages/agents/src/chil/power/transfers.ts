/** The methods that move power, and those for events and metrics. */

import { type BaseStore, type RecordPage, StoreError } from '@coffer/core'
import * as z from 'zod'
import { checkedRecord } from '../../checked-record.ts'
import { checkedId, idText } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { newId } from '../../new-id.ts'
import { metadata } from '../../registry/json-member.ts'
import { beyond, missing, repeated } from '../refusals.ts'
import { type NewPowerEvent, newPowerEvent, type PowerEvent, powerEvents } from './power-event.ts'
import { type NewPowerMetric, newPowerMetric, type PowerMetric, powerMetrics } from './power-metric.ts'
import { amountFrom, powerNodes } from './power-node.ts'

/** What is to be moved from whom to whom. */
export const powerTransfer = z
  .strictObject({
    from: idText,
    to: idText,
    /** At least 1. */
    amount: amountFrom(1),
    reason: z.string().optional(),
    /** The id of the event. A transfer that brings one can be repeated without moving twice. Default: one is made. */
    event_id: idText.optional(),
    metadata: metadata.optional(),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'a node transfers nothing to itself' })

/** A transfer: what the schema `powerTransfer` describes. */
export type PowerTransfer = z.output<typeof powerTransfer>

/** Which events: equal values or operators for each field, all of which must hold, and the paging. `participants` is asked with `{ has }`. */
export type PowerEventListOptions = ListOptions<
  'event_id' | 'event_type' | 'participants' | 'from_id' | 'to_id' | 'amount' | 'coalition_id' | 'occurred_at'
>

/** Which metrics, as for events. */
export type PowerMetricListOptions = ListOptions<'metric_id' | 'node_id' | 'name' | 'value' | 'recorded_at'>

/** Methods that move power, and for what happened and was measured. */
export interface TransferMethods {
  /**
   * Moves an amount from one node to another, with an event that tells so: all of it or nothing. However many
   * transfers meet, no node falls below zero and the total stays what it is. One that brings an `event_id` can be
   * repeated: whatever has become of the nodes since, the repetition fails with `ALREADY_EXISTS`.
   *
   * @returns the event
   * @throws `ALREADY_EXISTS` when there is an event with its `event_id`, `NOT_FOUND` for an unknown node,
   *   `LIMIT_EXCEEDED` when `from` holds less than the amount or `to` would hold more than 2^53−1,
   *   `INVALID_ARGUMENT` for an amount that is no whole number above 0 and for a transfer to itself
   */
  transferPower(transfer: PowerTransfer): Promise<PowerEvent>
  /**
   * Records an event of the caller's own. @returns it as it is stored
   * @throws `ALREADY_EXISTS` when there is one with its id, `INVALID_ARGUMENT` for a type of the store's own
   */
  recordEvent(event: NewPowerEvent): Promise<PowerEvent>
  /** The event with this id, or `undefined`. */
  getEvent(eventId: string): Promise<PowerEvent | undefined>
  /** The events that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listEvents(options?: PowerEventListOptions): Promise<PowerEvent[]>
  /** As `listEvents`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageEvents(options?: PowerEventListOptions): Promise<RecordPage<PowerEvent>>
  /** As `listEvents`, all of them, page by page; `limit` is the size of a page. */
  iterateEvents(options?: PowerEventListOptions): AsyncGenerator<PowerEvent, void, undefined>
  /**
   * Records metrics, all or none; a refusal names the index. @returns them as they are stored
   * @throws `REFERENCE_VIOLATION` for an unknown node, in a transaction at its commit; `ALREADY_EXISTS` when there
   *   is one with its id
   */
  recordMetrics(metrics: readonly NewPowerMetric[]): Promise<PowerMetric[]>
  /** The metrics that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listMetrics(options?: PowerMetricListOptions): Promise<PowerMetric[]>
  /** As `listMetrics`: `{ records, next }`. */
  pageMetrics(options?: PowerMetricListOptions): Promise<RecordPage<PowerMetric>>
  /** As `listMetrics`, all of them, page by page. */
  iterateMetrics(options?: PowerMetricListOptions): AsyncGenerator<PowerMetric, void, undefined>
}

const NEWEST_EVENT = { occurred_at: 'desc' } as const
const NEWEST_METRIC = { recorded_at: 'desc' } as const

/** Makes the methods for transfers, events and metrics of one handle. */
export function transferMethods(store: BaseStore): TransferMethods {
  const events = store.collection(powerEvents)
  const metrics = store.collection(powerMetrics)
  const eventLists = listsOf(events, NEWEST_EVENT)
  const metricLists = listsOf(metrics, NEWEST_METRIC)
  return {
    transferPower: async (given) => transferPower(store, given),
    recordEvent: async (given) => {
      const checked = checkedRecord(newPowerEvent, given, 'recordEvent')
      const { event_id = newId(), participants = [], occurred_at = present(store), ...rest } = checked
      const event = { ...rest, event_id, participants, occurred_at }
      await events.insert(event)
      return event
    },
    getEvent: async (eventId) => events.get(checkedId(eventId, 'event_id', powerEvents.name)),
    listEvents: eventLists.array,
    pageEvents: eventLists.page,
    iterateEvents: eventLists.iterate,
    recordMetrics: async (given) => {
      if (!Array.isArray(given)) throw new StoreError('INVALID_ARGUMENT', 'recordMetrics takes an array')
      const complete = given.map((metric, index) => {
        const checked = checkedRecord(newPowerMetric, metric, 'recordMetrics', index)
        const { metric_id = newId(), recorded_at = present(store), ...rest } = checked
        return { ...rest, metric_id, recorded_at }
      })
      await metrics.insertMany(complete)
      return complete
    },
    listMetrics: metricLists.array,
    pageMetrics: metricLists.page,
    iterateMetrics: metricLists.iterate,
  }
}

async function transferPower(store: BaseStore, given: PowerTransfer): Promise<PowerEvent> {
  const checked = checkedRecord(powerTransfer, given, 'transferPower')
  const { from, to, amount, event_id = newId(), ...rest } = checked
  return store.transaction(async (transaction) => {
    const events = transaction.collection(powerEvents)
    // First of all, so that who repeats a call learns that it was done.
    if (checked.event_id !== undefined && (await events.has(event_id))) {
      throw repeated(powerEvents, "there is an event with this 'event_id' already", event_id)
    }
    const nodes = transaction.collection(powerNodes)
    const [giver, receiver] = await nodes.getMany([from, to])
    if (giver === undefined) throw missing(powerNodes, 'from', from)
    if (receiver === undefined) throw missing(powerNodes, 'to', to)
    if (giver.amount < amount) throw beyond(powerNodes, "'from' holds less than the amount")
    const received = receiver.amount + amount
    if (!Number.isSafeInteger(received)) throw beyond(powerNodes, "'to' would hold more than can be counted")
    await nodes.putMany([
      { ...giver, amount: giver.amount - amount },
      { ...receiver, amount: received },
    ])
    const event = {
      ...rest,
      event_id,
      event_type: 'power_transfer',
      participants: [from, to],
      from_id: from,
      to_id: to,
      amount,
      occurred_at: present(transaction),
    }
    await events.insert(event)
    return event
  })
}

function present(store: BaseStore): string {
  return store.now().toISOString()
}
