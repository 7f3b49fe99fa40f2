/**
 * What a run becomes in a store: a session, its trace and one resolution per tool call. A pure function of
 * the run and the options: reading a run again gives the same records, so nothing here asks a clock.
 */

import type { NewTraceEvent, Resolution, Session } from '@coffer/agents'
import type { Message, ToolCall, Transcript } from './transcript.ts'

/** How runs are read. */
export interface RunOptions {
  /** The agent of runs that name none. */
  readonly agentId: string
  /** The start of runs that name no time. */
  readonly startedAt: Date
}

/** The records of one run. */
export interface RunRecords {
  readonly session: Session
  readonly events: readonly NewTraceEvent[]
  readonly resolutions: readonly Resolution[]
  readonly messages: number
}

/** Digits of an event's number in its id, so that the order of ids is that of events in all but huge runs. */
const NUMBER_DIGITS = 4

/** Makes the records of a run. The trace has the session's id; `<session>/0007` is its event number 7. */
export function runRecords(run: Transcript, options: RunOptions): RunRecords {
  const { session_id, agent_id = options.agentId, created_at, ended_at, messages, ...others } = run
  const times = messageTimes(messages, created_at ?? options.startedAt.getTime())
  const records = new Recorder(session_id, agent_id)
  for (const [index, message] of messages.entries()) {
    records.add(message, new Date(times[index] as number).toISOString())
  }
  const first = created_at ?? (times[0] as number)
  const last = ended_at ?? (times.at(-1) as number)
  const assigned = messages.some((message) => givenTime(message) === undefined)
  return {
    session: {
      session_id,
      agent_id,
      status: 'ended',
      created_at: new Date(first).toISOString(),
      ended_at: new Date(last).toISOString(),
      metadata: { import: { format: 'openai-chat', times: assigned ? 'assigned' : 'given' }, ...others },
    },
    events: records.events,
    resolutions: records.finished(),
    messages: messages.length,
  }
}

/** A message without a time of its own comes one millisecond after the one before: that says the order, no more. */
function messageTimes(messages: readonly Message[], start: number): number[] {
  let next = start
  return messages.map((message) => {
    const time = givenTime(message) ?? next
    next = time + 1
    return time
  })
}

function givenTime({ timestamp, created_at }: Message): number | undefined {
  return timestamp ?? created_at ?? undefined
}

/** A tool call whose result is awaited. */
interface OpenCall {
  readonly callId: string | undefined
  readonly resolution: Resolution
}

/** Numbers events as they come, and joins tool results to the calls that they answer. */
class Recorder {
  readonly events: NewTraceEvent[] = []
  readonly #session: string
  readonly #agent: string
  readonly #resolutions: Resolution[] = []
  #open: OpenCall[] = []

  constructor(session: string, agent: string) {
    this.#session = session
    this.#agent = agent
  }

  /** A message is one event, and each of its tool calls is one more. */
  add(message: Message, timestamp: string): void {
    const { role, tool_calls, timestamp: _time, created_at: _created, ...payload } = message
    if (role === 'tool') {
      const event = this.#event('tool.result', timestamp, payload)
      this.#answer(message, event)
      return
    }
    this.#event(`message.${role}`, timestamp, payload)
    for (const call of tool_calls ?? []) this.#call(call, timestamp)
  }

  /** The resolutions, once all messages are added. */
  finished(): readonly Resolution[] {
    return this.#resolutions
  }

  #event(event_type: string, timestamp: string, payload: unknown): NewTraceEvent {
    const sequence = this.events.length + 1
    const event: NewTraceEvent = {
      event_id: `${this.#session}/${String(sequence).padStart(NUMBER_DIGITS, '0')}`,
      trace_id: this.#session,
      session_id: this.#session,
      sequence,
      event_type,
      severity: 'info',
      timestamp,
      payload,
    }
    this.events.push(event)
    return event
  }

  #call(call: ToolCall, timestamp: string): void {
    const { id, function: called } = call
    const action = {
      name: called.name,
      ...(called.arguments !== undefined && { arguments: parsedArguments(called.arguments) }),
    }
    const payload = { ...(id !== undefined && { tool_call_id: id }), ...action }
    const { event_id } = this.#event('tool.call', timestamp, payload)
    const resolution: Resolution = {
      resolution_id: event_id,
      request_id: id ?? event_id,
      agent_id: this.#agent,
      session_id: this.#session,
      decision: 'allow',
      allowed_actions: [action],
      created_at: timestamp,
    }
    this.#open.push({ callId: id, resolution })
    this.#resolutions.push(resolution)
  }

  /** Call ids repeat in real runs: a result answers the earliest call of its id that has none yet. */
  #answer({ tool_call_id, content }: Message, { event_id }: NewTraceEvent): void {
    const answered = this.#open.find(({ callId }) => callId === (tool_call_id ?? undefined))
    if (answered === undefined) return
    this.#open = this.#open.filter((call) => call !== answered)
    answered.resolution.context_blocks = [{ block_id: event_id, content: content ?? null }]
  }
}

/** Arguments come as JSON in a text; what is no JSON stays a text. */
function parsedArguments(given: unknown): unknown {
  if (typeof given !== 'string') return given
  try {
    return JSON.parse(given)
  } catch {
    return given
  }
}
