/** The heads of logs: what one has to keep elsewhere to notice that a chain was cut or written anew. */

import { createHash } from 'node:crypto'
import type { HeldLayout } from '@coffer/core'

/** The head of one stream: tenant, stream, sequence, hash. */
export type ListedHead = readonly [
  tenant: string,
  stream: string,
  sequence: number | null,
  hash: string | null,
]

/** The heads of a log. */
export interface LogHeads {
  readonly log: string
  readonly streams: number
  /** Hex SHA-256 over one line for each head, in the order of tenants and streams. */
  readonly digest: string
  /** One by one, where there are at most 1,000. */
  readonly heads?: readonly ListedHead[]
}

const MAX_LISTED = 1_000
const ENDING = '_heads'

/** The names of the layouts that hold heads: those with the name of an append-only one before their ending. */
export function headLayouts(layouts: readonly HeldLayout[]): ReadonlySet<string> {
  const logs = new Set(layouts.filter(({ layout }) => layout.appendOnly).map(({ layout }) => layout.name))
  const names = layouts.map(({ layout }) => layout.name)
  return new Set(names.filter((name) => name.endsWith(ENDING) && logs.has(name.slice(0, -ENDING.length))))
}

/** Takes up the heads of one log in their order. */
export class HeadCollector {
  readonly #log: string
  readonly #digest = createHash('sha256')
  #heads: ListedHead[] = []
  #streams = 0

  /** @param layout the name of the layout that holds the heads */
  constructor(layout: string) {
    this.#log = layout.slice(0, -ENDING.length)
  }

  add({ tenant, id }: { readonly tenant: string; readonly id: string }, document: unknown): void {
    const { sequence, hash } = document as { readonly sequence?: unknown; readonly hash?: unknown }
    const head: ListedHead = [
      tenant,
      id,
      typeof sequence === 'number' ? sequence : null,
      typeof hash === 'string' ? hash : null,
    ]
    this.#streams++
    this.#digest.update(`${JSON.stringify(head)}\n`)
    if (this.#streams <= MAX_LISTED) this.#heads.push(head)
    else this.#heads = []
  }

  end(): LogHeads {
    return {
      log: this.#log,
      streams: this.#streams,
      digest: this.#digest.digest('hex'),
      ...(this.#streams <= MAX_LISTED && { heads: this.#heads }),
    }
  }
}
