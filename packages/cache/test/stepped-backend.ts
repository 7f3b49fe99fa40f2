/**
 * A backend that does nothing by itself: each call waits until it is told to take effect, and again until it is told
 * to answer. It keeps the past of every key, to judge answers by.
 */

import {
  type Backend,
  type BackendTransaction,
  type ChangedKey,
  type DeleteOperation,
  fieldlessLayout,
  type Group,
  type Key,
  type Layout,
  type PutOperation,
  type StoredRow,
} from '@coffer/core/backend'

/** The one layout of the tests. */
export const things: Layout = fieldlessLayout('things')

/** A key of the one tenant. */
export const keyOf = (id: string): Key => ({ tenant: 't', id })

/** A group that puts a record, or removes it. */
export function groupOf(id: string, type: 'put' | 'delete'): Group {
  const common = { layout: things, ...keyOf(id), condition: { type: 'none' } } as const
  const put: PutOperation = {
    ...common,
    type,
    document: '{}',
    fields: [],
    hash: null,
    expiresAt: null,
  } as never
  const removal: DeleteOperation = { ...common, type: 'delete', mode: 'hard' }
  return { operations: [type === 'put' ? put : removal], checks: [] }
}

/** What a key was from an instant on. */
export interface Commit {
  readonly version: number
  readonly isThere: boolean
  readonly at: number
  /** Whether it was written through the cache. */
  readonly isOwn: boolean
}

const NEVER_THERE: Commit = { version: 0, isThere: false, at: Number.NEGATIVE_INFINITY, isOwn: false }

/** What may go wrong with a call. */
export type Fate = 'good' | 'refused' | 'fails-before' | 'fails-after'

export class SteppedBackend {
  readonly past = new Map<string, Commit[]>()
  /** The clock, in milliseconds. */
  now = 0
  fate: Fate = 'good'
  readonly #waiting: (() => void)[] = []
  #versions = 0
  #tell: (changed: readonly ChangedKey[] | undefined) => void = () => undefined

  /** The commits of a key, the newest last; at first it is absent. */
  pastOf(id: string): readonly Commit[] {
    return this.past.get(id) ?? [NEVER_THERE]
  }

  newest(id: string): Commit {
    return this.pastOf(id).at(-1) as Commit
  }

  /** Commits at once: as somebody else, unless it is said to be one's own. */
  commit(id: string, type: 'put' | 'delete', isOwn = false): void {
    const next = { version: ++this.#versions, isThere: type === 'put', at: this.now, isOwn }
    this.past.set(id, [...this.pastOf(id), next])
  }

  tell(changed: readonly ChangedKey[] | undefined): void {
    this.#tell(changed)
  }

  /** Lets one of the waiting go on, and waits until all that follows from it has happened. */
  async step(which: number): Promise<void> {
    this.#waiting.splice(which % Math.max(1, this.#waiting.length), 1)[0]?.()
    await new Promise((resolve) => setImmediate(resolve))
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Waits, takes effect, waits again. */
  async #call<T>(effect: () => T, fate: Fate): Promise<T> {
    await this.#turn()
    if (fate === 'fails-before') throw new Error('planted')
    const result = effect()
    await this.#turn()
    if (fate === 'fails-after') throw new Error('planted')
    return result
  }

  #apply(groups: readonly Group[]): void {
    for (const { operations } of groups) {
      for (const { id, type } of operations) this.commit(id, type === 'put' ? 'put' : 'delete', true)
    }
  }

  #row(id: string): StoredRow | undefined {
    const { version, isThere, at } = this.newest(id)
    if (!isThere) return undefined
    const times = { createdAt: at, updatedAt: at, expiresAt: null, deletedAt: null }
    return { ...keyOf(id), ...times, version, document: '{}', schemaVersion: 1, hash: null }
  }

  /** The backend itself. What the tests do not call is not there. */
  get backend(): Backend {
    const offered: Partial<Backend> = {
      open: async () => [],
      close: async () => undefined,
      read: (_layout, keys) => this.#call(() => keys.map(({ id }) => this.#row(id)), this.fate),
      write: (groups) => {
        const { fate } = this
        return this.#call(() => {
          if (fate === 'refused') return groups.map(refused)
          this.#apply(groups)
          return groups.map(() => ({ ok: true, applied: [{ version: 1, existed: true }] }) as const)
        }, fate)
      },
      transaction: async (run) => {
        const { fate } = this
        const groups: Group[] = []
        const inside: Partial<BackendTransaction> = {
          write: async (group) => {
            await this.#turn()
            groups.push(group)
            return { ok: true, applied: [] }
          },
        }
        const result = await run(inside as BackendTransaction)
        await this.#call(() => this.#apply(groups), fate)
        return result
      },
      sweep: (_layout, _sweep, limit) => {
        const ids = [...this.past.keys()].filter((id) => this.newest(id).isThere).slice(0, limit)
        return this.#call(() => {
          for (const id of ids) this.commit(id, 'delete', true)
          return { removed: ids.length, more: false }
        }, this.fate)
      },
      watch: (onChange) => {
        this.#tell = onChange
      },
    }
    return offered as Backend
  }
}

function refused() {
  return { ok: false, code: 'VERSION_CONFLICT', index: 0, check: false } as const
}
