/** Chat transcripts in the form of the OpenAI chat API: one run of an agent as one line of JSON. */

import { createHash } from 'node:crypto'
import { canonicalJson, type JsonObject } from '@coffer/core'
import * as z from 'zod'

/** A time: ISO 8601 with an offset, or whole or broken seconds since 1970, as the API gives them. */
const time = z
  .union([z.iso.datetime({ offset: true }), z.number().min(0).max(253_402_300_799)])
  .transform((given) => (typeof given === 'number' ? Math.round(given * 1_000) : Date.parse(given)))

const toolCall = z.looseObject({
  id: z.string().min(1).optional(),
  function: z.looseObject({ name: z.string().min(1), arguments: z.unknown().optional() }),
})

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
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
  messages: z.array(message).min(1, 'there must be at least one message'),
})

export type ToolCall = z.output<typeof toolCall>
export type Message = z.output<typeof message>
export type Transcript = z.output<typeof transcript> & { readonly session_id: string }

/** A run, or why a line is none. The reason never shows what the line holds. */
export type ParsedLine = { readonly run: Transcript } | { readonly problem: string }

/**
 * Reads one line. A run without `session_id` is named after its content, so that it has the same name each
 * time it is read.
 */
export function parseTranscript(line: string): ParsedLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    // The parser's own message quotes the line.
    const position = / at position \d+/.exec(String(error))?.[0] ?? ''
    return { problem: `it is not valid JSON${position}` }
  }
  const result = transcript.safeParse(value)
  if (!result.success) return { problem: sentence(result.error) }
  const session_id = result.data.session_id ?? nameByContent(value as JsonObject)
  return { run: { ...result.data, session_id } }
}

function sentence(error: z.ZodError): string {
  const [issue] = error.issues
  const path = issue?.path.join('.') ?? ''
  return `${path === '' ? 'the run' : path}: ${issue?.message ?? 'is not valid'}`
}

/** A hash of the canonical form, so that spaces and the order of members do not matter. */
function nameByContent(run: JsonObject): string {
  return `run-${createHash('sha256').update(canonicalJson(run)).digest('hex').slice(0, 24)}`
}
