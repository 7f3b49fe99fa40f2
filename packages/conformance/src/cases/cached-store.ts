/** A store with a cache over a backend that is watched, that can be held up, and that others write to as well. */

import { type BaseStore, defineCollection, type StoreOptions } from '@coffer/core'
import type { Backend, ChangedKey, Key, ReadOptions } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { overridden } from '../wrapped-backend.ts'

export const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), text: z.string(), body: z.string().optional() }),
  key: 'id',
  fields: { text: 'index' },
  softDelete: true,
})

/** How old an answer may be in these cases, by the case's clock. */
export const TTL_MS = 1_000

type Consistency = ReadOptions['consistency'] | 'none'

/** A point that work waits at until it is opened. */
export class Gate {
  readonly #reached = Promise.withResolvers<void>()
  readonly #opened = Promise.withResolvers<void>()

  /** Settles once somebody waits here. */
  get reached(): Promise<void> {
    return this.#reached.promise
  }

  open(): void {
    this.#opened.resolve()
  }

  async pass(): Promise<void> {
    this.#reached.resolve()
    await this.#opened.promise
  }
}

/** What a case does to the backend. Each is called at every call, once it is set. */
interface Hooks {
  /** The answer is found, and not yet given. */
  answer?: () => Promise<void>
  beforeWrite?: () => Promise<void>
  afterWrite?: () => Promise<void>
}

export class CachedStore {
  readonly store: BaseStore
  readonly hooks: Hooks = {}
  /** The keys that the backend was asked for, in order, with what was asked of the answer. */
  readonly asked: { readonly id: string; readonly consistency: Consistency }[] = []
  readonly #context: CaseContext
  readonly #backend: Backend
  #onChange: ((changed: readonly ChangedKey[] | undefined) => void) | undefined

  constructor(context: CaseContext, cache: Partial<NonNullable<StoreOptions['cache']>> = {}) {
    this.#context = context
    this.#backend = context.place.backend()
    const watched = overridden(this.#backend, {
      read: async (layout, keys, options) => {
        this.#note(keys, options)
        const rows = await this.#backend.read(layout, keys, options)
        await this.hooks.answer?.()
        return rows
      },
      write: async (groups, at) => {
        await this.hooks.beforeWrite?.()
        const outcomes = await this.#backend.write(groups, at)
        await this.hooks.afterWrite?.()
        return outcomes
      },
      watch: (onChange) => {
        this.#onChange = onChange
      },
    })
    this.store = context.storeOver(watched, { cache: { ttlMs: TTL_MS, maxEntries: 1_000, ...cache } })
  }

  get notes() {
    return this.store.collection(notes)
  }

  /** The text of a note, by a read that asks for nothing special. */
  async text(id: string): Promise<string | undefined> {
    return (await this.notes.get(id))?.text
  }

  /** How often the backend has been asked for the key. */
  timesAsked(id: string): number {
    return this.asked.filter((each) => each.id === id).length
  }

  /** Another store on the same data, whose writes this one does not learn of. Only once this one is open. */
  another(): BaseStore {
    const beside = overridden(this.#backend, { open: async () => [], close: async () => undefined })
    return this.#context.storeOver(beside)
  }

  /** Changes a note as another store would. */
  async changeElsewhere(id: string, text: string): Promise<void> {
    await this.another().collection(notes).put({ id, text })
  }

  /** Tells of changes, as the backend would. */
  tell(changed: readonly ChangedKey[] | undefined): void {
    this.#onChange?.(changed)
  }

  #note(keys: readonly Key[], options: ReadOptions | undefined): void {
    for (const { id } of keys) this.asked.push({ id, consistency: options?.consistency ?? 'none' })
  }
}

/** A case about a cache: what is left of it says the behaviour. */
export function cacheCase(
  id: string,
  title: string,
  run: (context: CaseContext) => Promise<void>,
  requires: Case['requires'] = [],
): Case {
  const clause = id.slice(0, id.indexOf('-'))
  return { id, clause, title, requires: ['cache', ...requires], run }
}
