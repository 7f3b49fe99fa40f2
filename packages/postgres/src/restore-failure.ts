/** What pg_restore complains of, without what it quotes of rows. */

import { type ErrorCode, StoreError } from '@coffer/core/backend'

/** Where the program hands on what the server said; that may quote values. */
const HANDED_ON = /(could not execute query|COPY failed for table "[^"]*"|error returned by \w+): /

/** What the server says of names, rights and room; no value can be in it. */
const SPEAKING =
  /^server closed the connection|^\w+: {2}(?:cannot drop |permission denied|must be |could not create unique index|unrecognized configuration parameter|canceling statement|terminating connection|could not (?:extend|write)|(?:role|schema|relation|table|function|type|extension|collation|tablespace|access method) "[^"]*" (?:already exists|does not exist))/

const KINDS: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [
    /cannot drop /,
    'ALREADY_EXISTS',
    'something that the dump does not hold needs what it replaces: drop that first',
  ],
  [/already exists/, 'ALREADY_EXISTS', 'the schema has something of that name: drop the schema first'],
  [
    /role "[^"]*" does not exist/,
    'UNSUPPORTED',
    'the dump grants rights to a role that is missing: create it',
  ],
  [/unrecognized configuration parameter/, 'UNSUPPORTED', 'the server is older than pg_restore expects'],
  [
    /permission denied|must be |authentication failed|no pg_hba/,
    'PERMISSION_DENIED',
    'the role lacks a right',
  ],
  [/could not (?:extend|write)|No space left/, 'NO_SPACE', 'the disk of the server is full: make room'],
  [
    /connection to server|server closed the connection|terminating connection/,
    'UNAVAILABLE',
    'the server could not be had: try again',
  ],
  [/could not execute query/, 'UNSUPPORTED', 'the server refuses a statement of the dump'],
]

/** The failure of a restore, from what the program said. */
export function restoreFailure(said: string): StoreError {
  const told = withoutValues(said)
  const [, code, advice] = KINDS.find(([pattern]) => pattern.test(told)) ?? [
    undefined,
    'CORRUPT' as const,
    'the dump is cut off or damaged',
  ]
  return new StoreError(code, `pg_restore failed and nothing was changed; ${advice}: see the cause`, {
    backend: 'postgresql',
    cause: new Error(told || 'it said nothing'),
  })
}

function withoutValues(said: string): string {
  const told: string[] = []
  for (const line of said.split('\n')) {
    // Details and the row follow in lines of their own, and they may hold anything.
    if (!line.startsWith('pg_restore: ')) break
    const handedOn = HANDED_ON.exec(line)
    const end = (handedOn?.index ?? 0) + (handedOn?.[0].length ?? 0)
    const isShown = handedOn === null || SPEAKING.test(line.slice(end))
    told.push(isShown ? line : `${line.slice(0, end)}the message is left out: it may hold values`)
  }
  return told.join('\n')
}
