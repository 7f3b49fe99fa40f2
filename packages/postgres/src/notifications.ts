/**
 * How the stores of one schema tell each other what they change: by NOTIFY, in the transaction of the change,
 * so that what is undone tells nothing, and what is told can be read.
 */

import { createHash, randomBytes } from 'node:crypto'
import type { ChangedKey, Operation } from '@coffer/core/backend'
import type { Parameter } from '@coffer/sql'
import { type Hint, hintOfAll, hintsOf, readHint } from './change-hint.ts'
import type { Command } from './session.ts'

export class Notifications {
  /** The same for all stores of the schema, and an identifier that needs no quotes. */
  readonly channel: string
  /** True where this store tells. */
  isOn: boolean
  readonly #from = randomBytes(12).toString('base64url')

  constructor(schemaName: string, isOn: boolean) {
    this.channel = `coffer_${createHash('sha256').update(schemaName).digest('hex').slice(0, 32)}`
    this.isOn = isOn
  }

  /** What tells of the rows, to be sent before the COMMIT. Where this store does not tell, nobody asks for them. */
  commands(keys: () => readonly ChangedKey[]): readonly Command[] {
    const changed = this.isOn ? keys() : []
    if (changed.length === 0) return []
    return [
      {
        text: 'SELECT pg_notify($1, hint) FROM unnest($2::text[]) AS hint',
        parameters: () => [this.channel, hintsOf(this.#from, changed)],
      },
    ]
  }

  /** What tells that every row may be another one. */
  allChanged(): readonly Command[] {
    return this.isOn
      ? [{ text: 'SELECT pg_notify($1, $2)', parameters: [this.channel, hintOfAll(this.#from)] }]
      : []
  }

  /** As `commands`, for a statement that changes one row and tells of it itself: its channel and its text. */
  parametersFor(changed: ChangedKey): readonly [channel: Parameter, hint: Parameter] {
    return [this.channel, hintsOf(this.#from, [changed])[0] ?? '']
  }

  /** What another store has told; `undefined` for what this one has told itself. */
  read(text: string): Hint | undefined {
    const hint = readHint(text)
    return hint.from === this.#from ? undefined : hint
  }
}

/** The keys of what operations may have changed. */
export function changedBy(operations: readonly Operation[]): readonly ChangedKey[] {
  return operations.map(({ layout, tenant, id }) => ({ layout: layout.name, tenant, id }))
}
