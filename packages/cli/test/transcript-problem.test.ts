import { expect, test } from 'vitest'
import { parseTranscript } from '../src/import/transcript.ts'

const ROLES = 'system, developer, user, assistant, tool'

test.each([
  [{ session_id: 's' }, 'messages is missing; it must be a list'],
  [{ messages: 'secret' }, 'messages is a text; it must be a list'],
  [{ messages: [] }, 'messages is empty'],
  [{ messages: ['secret'] }, 'messages[0] is a text; it must be an object'],
  [{ messages: [{ content: 'secret' }] }, `messages[0].role is missing; it must be one of ${ROLES}`],
  [{ messages: [{ role: 'foo' }] }, `messages[0].role is 'foo'; it must be one of ${ROLES}`],
  [{ messages: [{ role: 'secret '.repeat(9) }] }, `messages[0].role is a text; it must be one of ${ROLES}`],
  [{ session_id: '', messages: [{ role: 'user' }] }, 'session_id is empty'],
  [
    { created_at: 'secret', messages: [{ role: 'user' }] },
    'created_at is a text; it must be ISO 8601 with an offset, or seconds since 1970',
  ],
  [
    { messages: [{ role: 'user', timestamp: -1 }] },
    'messages[0].timestamp is a number; it must be ISO 8601 with an offset, or seconds since 1970',
  ],
  [
    { created_at: 1_772_356_000_000, messages: [{ role: 'user' }] },
    'created_at is a number; it must be ISO 8601 with an offset, or seconds since 1970',
  ],
  [
    { ended_at: true, messages: [{ role: 'user' }] },
    'ended_at is true or false; it must be ISO 8601 with an offset, or seconds since 1970',
  ],
  [
    { messages: [{ role: 'user', tool_calls: [{ function: { name: 7 } }] }] },
    'messages[0].tool_calls[0].function.name is a number; it must be a text',
  ],
  ['secret', 'the run is a text; it must be an object'],
])('%j is no run, and why is told in words', (run, problem) => {
  expect(parseTranscript(JSON.stringify(run))).toEqual({ problem })
})

test.each(['{', '[{', '}', '},', '"session_id": "secret",', '"messages": ['])(
  '%s is a piece of pretty-printed JSON',
  (line) => {
    expect(parseTranscript(line)).toEqual({
      problem: 'it is a piece of pretty-printed JSON',
      advice: 'one run a line is expected: jq -c . FILE',
    })
  },
)
