/** The trace methods of the registry: saving deliveries of events, reading and checking traces. */

import { type BaseStore, type LogReport, StoreError, type VerifyLogOptions } from '@coffer/core'
import { answeredPage, gathered, PAGE_RECORDS } from '../gathered.ts'
import { type NewTraceEvent, type TraceEvent, traceEvents } from './trace-event.ts'

const ADVICE = 'events; read them with iterateTraceEvents'

/** What `getTraceEvents` takes. */
export interface TraceReadOptions {
  /** Only events behind this place of the trace. Default: 0, from the start. */
  readonly afterSequence?: number | undefined
  /** The most events that are answered, 1 to 100,000. Default: the whole trace. */
  readonly limit?: number | undefined
}

/** Methods for traces. */
export interface TraceMethods {
  /**
   * Saves TRACE events, of one trace or of several, all or none. They are grouped by `trace_id`. Within a
   * trace, events that bring a `sequence` are taken in its order; without one they keep the order of the
   * array and come after those. Each gets the next place in its trace and an `event_hash` over the one
   * before.
   *
   * Deliveries may be repeated and may overlap: an event whose `event_id` is there already and that says
   * the same is passed over. Nothing is kept back for later: an event that arrives before the one in front
   * of it fails with `VERSION_CONFLICT`, which names the place that comes next; deliver it again after the
   * missing ones.
   *
   * An `event_hash` or `previous_event_hash` that an event brings must be the one of its place. A tracer
   * that hashes in its own way keeps its hash in the payload.
   *
   * @returns the events as they are stored, in the order given, those passed over included
   * @throws `VERSION_CONFLICT` when a place or hash that an event brings is not its own, `ALREADY_EXISTS`
   *   when there is another event with its `event_id`, `INVALID_ARGUMENT` for what is no event
   */
  saveTraceEvents(events: readonly NewTraceEvent[]): Promise<TraceEvent[]>
  /**
   * The events of a trace by `sequence`: the whole trace unless a limit is given, none for an unknown one.
   *
   * @throws `LIMIT_EXCEEDED` when they are more than 100,000
   */
  getTraceEvents(traceId: string, options?: TraceReadOptions): Promise<TraceEvent[]>
  /** As `getTraceEvents`, one by one, for traces of any length. */
  iterateTraceEvents(
    traceId: string,
    options?: Pick<TraceReadOptions, 'afterSequence'>,
  ): AsyncGenerator<TraceEvent, void, undefined>
  /**
   * The events of all traces of a session by `timestamp`, then by `trace_id` and `sequence`.
   *
   * @throws `LIMIT_EXCEEDED` when they are more than 100,000
   */
  getSessionTraceEvents(sessionId: string, options?: Pick<TraceReadOptions, 'limit'>): Promise<TraceEvent[]>
  /** Every trace there is, by its id, in text order; also one that has lost its head or its events. */
  iterateTraceIds(): AsyncGenerator<string, void, undefined>
  /**
   * Walks a trace and checks every event: its place, its hash, the hash before, its columns, and the end of
   * the trace. Damage is reported, never thrown. A trace without events is in order.
   */
  verifyTrace(traceId: string, options?: VerifyLogOptions): Promise<LogReport>
}

/** Makes the trace methods of one handle. */
export function traceMethods(store: BaseStore): TraceMethods {
  const log = store.log(traceEvents)
  return {
    saveTraceEvents: (events) => saveTraceEvents(store, events),
    getTraceEvents: async (traceId, options = {}) => {
      const { limit, ...rest } = options
      const page = answeredPage(limit, traceEvents.name)
      return gathered(log.iterate(traceId, { ...rest, limit: page }), limit, traceEvents.name, ADVICE)
    },
    iterateTraceEvents: (traceId, options = {}) => log.iterate(traceId, { ...options, limit: PAGE_RECORDS }),
    getSessionTraceEvents: async (sessionId, options = {}) => {
      const page = answeredPage(options.limit, traceEvents.name)
      return gathered(sessionEvents(store, sessionId, page), options.limit, traceEvents.name, ADVICE)
    },
    iterateTraceIds: () => log.streams(),
    verifyTrace: (traceId, options) => log.verify(traceId, options),
  }
}

async function saveTraceEvents(store: BaseStore, events: readonly NewTraceEvent[]): Promise<TraceEvent[]> {
  const traces = groupByTrace(events)
  const stored = new Map<number, TraceEvent>()
  const append = async (handle: BaseStore, [trace, delivery]: readonly [string, readonly Delivered[]]) => {
    const saved = await appendInOrder(handle, trace, delivery)
    for (const [place, { index }] of delivery.entries()) stored.set(index, saved[place] as TraceEvent)
  }
  const [only, ...others] = traces
  if (only === undefined) return []
  if (others.length === 0) await append(store, only)
  else {
    await store.transaction(async (transaction) => {
      for (const trace of traces) await append(transaction, trace)
    })
  }
  return events.map((_event, index) => stored.get(index) as TraceEvent)
}

/** An event with its position in the call. */
interface Delivered {
  readonly index: number
  readonly event: NewTraceEvent
}

async function appendInOrder(store: BaseStore, trace: string, delivery: readonly Delivered[]) {
  try {
    return await store.log(traceEvents).append(
      trace,
      delivery.map(({ event }) => event),
      { onDuplicate: 'skip' },
    )
  } catch (error) {
    throw atCallersPosition(error, delivery)
  }
}

/** The log counts within the trace as it was sorted; the caller within the array that it gave. */
function atCallersPosition(error: unknown, delivery: readonly Delivered[]): unknown {
  if (!(error instanceof StoreError) || error.index === undefined) return error
  const { index } = delivery[error.index] ?? error
  return new StoreError(error.code, error.message, { ...error, index, cause: error })
}

function groupByTrace(events: readonly NewTraceEvent[]): (readonly [string, readonly Delivered[]])[] {
  if (!Array.isArray(events)) throw refusal('it takes an array of events')
  const traces = new Map<string, Delivered[]>()
  for (const [index, event] of events.entries()) {
    const trace: unknown = (event as Partial<NewTraceEvent> | null | undefined)?.trace_id
    if (typeof trace !== 'string') throw refusal('an event must name its trace_id, a text', index)
    const delivery = traces.get(trace) ?? []
    delivery.push({ index, event })
    traces.set(trace, delivery)
  }
  return [...traces].map(([trace, delivery]) => [trace, delivery.sort(bySequence)])
}

/** Events without a place follow those with one, as they came; sorting is stable. */
function bySequence(left: Delivered, right: Delivered): number {
  const [before, after] = [left.event.sequence ?? Infinity, right.event.sequence ?? Infinity]
  return before === after ? 0 : before - after
}

async function* sessionEvents(store: BaseStore, sessionId: string, limit: number) {
  let cursor: string | undefined
  do {
    const page = await store.log(traceEvents).find({
      where: { session_id: sessionId },
      orderBy: [{ timestamp: 'asc' }, { trace_id: 'asc' }, { sequence: 'asc' }],
      limit,
      cursor,
    })
    yield* page.records
    cursor = page.next
  } while (cursor !== undefined)
}

function refusal(problem: string, index?: number): StoreError {
  return new StoreError('INVALID_ARGUMENT', `${traceEvents.name}: ${problem}`, {
    collection: traceEvents.name,
    index,
  })
}
