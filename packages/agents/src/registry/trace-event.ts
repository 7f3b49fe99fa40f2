/** TRACE events: what happened in a session, one hash chain per trace, after the CRA storage API. */

import { type Appended, defineLog, isoTimestamp } from '@coffer/core'
import * as z from 'zod'

/**
 * One event of a trace, as it is stored. `timestamp` is an ISO 8601 timestamp with an offset, written as
 * UTC with milliseconds. Members that are not named here are refused; `payload` takes any JSON.
 */
export const traceEvent = z.strictObject({
  event_id: z.string(),
  trace_id: z.string(),
  session_id: z.string(),
  /** The place in the trace, from 1 without a gap. */
  sequence: z.int(),
  /** Such as `tool.call`; any text. */
  event_type: z.string(),
  /** Such as `info` or `error`; any text. */
  severity: z.string(),
  timestamp: isoTimestamp,
  payload: z.unknown().optional(),
  /** The hex SHA-256 over the event, its place and the hash before: `entryHash` of `@coffer/core`. */
  event_hash: z.string(),
  /** The `event_hash` of the event before; 64 zeros for the first of a trace. */
  previous_event_hash: z.string(),
})

/** An event as it is stored: what the schema `traceEvent` describes. */
export type TraceEvent = z.output<typeof traceEvent>

const chain = {
  stream: 'trace_id',
  sequence: 'sequence',
  hash: 'event_hash',
  previous: 'previous_event_hash',
} as const

/** What is saved: an event that names its trace. Its place and hashes may be absent; where given, they are checked. */
export type NewTraceEvent = Appended<TraceEvent, typeof chain> & { readonly trace_id: string }

/** The table `trace_events`; the engine itself refuses to change or remove its rows. */
export const traceEvents = defineLog({
  name: 'trace_events',
  schema: traceEvent,
  key: 'event_id',
  chain,
  fields: {
    event_id: 'column',
    trace_id: 'column',
    session_id: 'column',
    sequence: 'column',
    event_type: 'index',
    severity: 'column',
    timestamp: 'column',
    payload: 'json',
    event_hash: 'column',
  },
  indexes: [['session_id', 'timestamp', 'trace_id', 'sequence']],
})
