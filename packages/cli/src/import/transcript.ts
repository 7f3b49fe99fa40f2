/** Chat transcripts in the form of the OpenAI chat API: one run of an agent as one line of JSON. */

import { createHash } from 'node:crypto'
import { canonicalJson, type JsonObject } from '@coffer/core'
import * as z from 'zod'
import { reasonOf } from './transcript-problem.ts'

/** A time: ISO 8601 with an offset, or whole or broken seconds since 1970, as the API gives them. */
const time = z
  .union([z.iso.datetime({ offset: true }), z.number().min(0).max(253_402_300_799)])
  .transform((given) => (typeof given === 'number' ? Math.round(given * 1_000) : Date.parse(given)))

const toolCall = z.looseObject({
  id: z.string().min(1).optional(),
  function: z.looseObject({ name: z.string().min(1), arguments: z.unknown().optional() }),
})

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const

const message = z.looseObject({
  role: z.enum(ROLES),
  content: z.unknown().optional(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
  timestamp: time.nullish(),
  created_at: time.nullish(),
})

const transcript = z.looseObject({
  session_id: z.string().min(1).optional(),
  agent_id: z.string().min(1).optional(),
  created_at: time.nullish(),
  ended_at: time.nullish(),
  messages: z.array(message).min(1),
})

export type ToolCall = z.output<typeof toolCall>
export type Message = z.output<typeof message>
export type Transcript = z.output<typeof transcript> & { readonly session_id: string }

/** A run, or why a line is none. The reason shows nothing of what the line holds but a role. */
export type ParsedLine =
  | { readonly run: Transcript }
  | {
      readonly problem: string
      /** What to do about it, where it is likely that the whole file is in another form. */
      readonly advice?: string
    }

const ADVICE = 'one run a line is expected: jq -c'

/** What only pretty-printed JSON has on a line of its own: a bracket, the end of one, or one member. */
const FRAGMENT = /^(?:[[{]+|[\]}]+,?|"(?:[^"\\]|\\.)*"\s*:.*)$/

/**
 * Reads one line. A run without `session_id` is named after its content, so that it has the same name each
 * time it is read.
 */
export function parseTranscript(line: string): ParsedLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    if (FRAGMENT.test(line)) {
      return { problem: 'it is a piece of pretty-printed JSON', advice: `${ADVICE} . FILE` }
    }
    // The parser's own message quotes the line.
    const position = / at position \d+/.exec(String(error))?.[0] ?? ''
    return { problem: `it is not valid JSON${position}` }
  }
  if (Array.isArray(value)) return { problem: 'the run is a list', advice: `${ADVICE} '.[]' FILE` }
  const result = transcript.safeParse(value)
  if (!result.success) return { problem: reasonOf(result.error, value) }
  const session_id = result.data.session_id ?? nameByContent(value as JsonObject)
  return { run: { ...result.data, session_id } }
}

/** A hash of the canonical form, so that spaces and the order of members do not matter. */
function nameByContent(run: JsonObject): string {
  return `run-${createHash('sha256').update(canonicalJson(run)).digest('hex').slice(0, 24)}`
}
