/** What a backend hears of others, in the order in which it hears it. */

import {
  type Backend,
  type ChangedKey,
  type Group,
  isStoreError,
  type Layout,
  type PostgresOptions,
} from '@coffer/core/backend'
import type { TestDatabase } from '@coffer-tooling/postgres'
import { vi } from 'vitest'
import { opened } from './backends.ts'
import { AT, group, put } from './layouts.ts'
import { freshSchema } from './places.ts'

/** What is heard where no row is named. */
export const EVERYTHING = 'everything'

export class Ear {
  readonly #heard: string[] = []
  #marks = 0

  /** Begins to hear; returns when the backend listens. */
  static async of(backend: Backend): Promise<Ear> {
    const ear = new Ear()
    backend.watch?.((changed) => ear.#hear(changed))
    await ear.until(EVERYTHING)
    return ear
  }

  #hear(changed: readonly ChangedKey[] | undefined): void {
    if (changed === undefined) this.#heard.push(EVERYTHING)
    else this.#heard.push(...changed.map(nameOf))
  }

  /** Waits until something is heard, and forgets it with all that was heard before. */
  async until(name: string): Promise<readonly string[]> {
    await vi.waitUntil(() => this.#heard.includes(name), { interval: 1, timeout: 10_000 })
    const before = this.#heard.splice(0, this.#heard.indexOf(name))
    this.#heard.shift()
    return before
  }

  /** All that is heard of what was done before this call. Hints come in the order of commits, so the last one ends them. */
  async heard(writer: Backend): Promise<readonly string[]> {
    this.#marks++
    const id = `mark ${this.#marks}`
    await writer.write([group(put(id))], AT)
    return this.until(note(id))
  }
}

/** A key as one text. */
export function nameOf({ layout, tenant, id }: ChangedKey): string {
  return JSON.stringify([layout, tenant, id])
}

/** The key of a note as one text. */
export function note(id: string, tenant = 't'): string {
  return nameOf({ layout: 'notes', tenant, id })
}

/** A backend that writes, with options of its own, and one on the same schema that hears it. */
export async function pairOn(
  { url }: TestDatabase,
  layouts?: readonly Layout[],
  options: PostgresOptions = {},
) {
  const place = { connectionString: url, schema: freshSchema() }
  const { rowLevelSecurity = false, pool } = options
  const own = pool === undefined ? { ...place, ...options } : { ...options, schema: place.schema }
  const writer = await opened({ notify: true, ...own }, layouts)
  const reader = await opened({ ...place, rowLevelSecurity, notify: true }, layouts)
  return { writer, reader, ear: await Ear.of(reader), place }
}

/** Writes groups, again while they conflict with others, as core does. */
export function write(backend: Backend, ...groups: readonly Group[]) {
  return again(() => backend.write(groups, AT))
}

/** Does it again while it conflicts with others. */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isStoreError(error, 'CONFLICT')) throw error
    }
  }
}
