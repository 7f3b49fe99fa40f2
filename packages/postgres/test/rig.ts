/** A store to be harmed: what it acknowledged is written down, and looked for afterwards past the store. */

import { setTimeout as pause } from 'node:timers/promises'
import { type Collection, createStore, isStoreError, type Store } from '@coffer/core'
import type { PostgresOptions } from '@coffer/core/backend'
import type { TestDatabase } from '@coffer-tooling/postgres'
import pg from 'pg'
import { expect, vi } from 'vitest'
import { postgres } from '../src/index.ts'
import { type Mark, marks } from './marks.ts'
import { freshSchema } from './places.ts'

/** What became of a call: `ok`, or the code of its error. Whatever is no `StoreError` is thrown on. */
export async function fate(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (isStoreError(error)) return error.code
    throw error
  }
}

/** The fate of a call and how long it took, in milliseconds. */
export async function timedFate(
  call: Promise<unknown>,
): Promise<{ readonly fate: string; readonly ms: number }> {
  const start = performance.now()
  return { fate: await fate(call), ms: performance.now() - start }
}

/** Errors that nobody caught since the rig was made. Vitest itself fails a run for them as well. */
export function uncaughtErrors(): { readonly errors: readonly unknown[] } & Disposable {
  const errors: unknown[] = []
  const listen = (error: unknown) => errors.push(error)
  process.on('uncaughtException', listen)
  process.on('unhandledRejection', listen)
  return {
    errors,
    [Symbol.dispose]: () => {
      process.off('uncaughtException', listen)
      process.off('unhandledRejection', listen)
    },
  }
}

export interface RigOptions extends PostgresOptions {
  /** Where the store connects instead of the database's own address: a proxy. */
  readonly through?: string
  /** Core's own bound of each operation and transaction. */
  readonly timeoutMs?: number
  /** A pool that is lent to the store in place of one of its own, or its size. The rig ends it. */
  readonly lent?: number | pg.Pool
}

/** A store on a schema of its own, and a superuser beside it. */
export async function rig(database: TestDatabase, options: RigOptions = {}): Promise<Rig> {
  return new Rig(database, options)
}

let rigs = 0

export class Rig {
  readonly store: Store
  readonly marks: Collection<Mark, 'group' | 'id'>
  readonly admin: pg.Pool
  readonly schema = freshSchema()
  /** Ids whose write was acknowledged. */
  readonly acknowledged = new Set<string>()
  readonly #applicationName: string
  readonly #database: TestDatabase
  readonly #lent: pg.Pool | undefined
  readonly #uncaught = uncaughtErrors()

  constructor(database: TestDatabase, { through = database.url, timeoutMs, lent, ...options }: RigOptions) {
    rigs++
    this.#applicationName = `rig_${rigs}`
    this.#database = database
    const address = { connectionString: through }
    this.#lent =
      typeof lent === 'number'
        ? new pg.Pool({ ...address, max: lent, application_name: this.#applicationName })
        : lent
    const place =
      this.#lent === undefined ? { ...address, applicationName: this.#applicationName } : { pool: this.#lent }
    const backend = postgres({ schema: this.schema, ...place, ...options })
    this.store = createStore({ backend, ...(timeoutMs !== undefined && { timeoutMs }) })
    this.marks = this.store.collection(marks)
    this.admin = new pg.Pool({ connectionString: database.superuserUrl, max: 4 })
    // A server that goes away is expected here.
    this.admin.on('error', () => undefined)
  }

  /** Puts a mark and writes down that it was acknowledged. */
  async put(id: string, group = 'g'): Promise<void> {
    await this.marks.put({ id, group })
    this.acknowledged.add(id)
  }

  /** Puts marks in one transaction. */
  async putTogether(ids: readonly string[]): Promise<void> {
    await this.store.transaction(async (tx) => {
      for (const id of ids) await tx.collection(marks).put({ id, group: 'together' })
    })
    for (const id of ids) this.acknowledged.add(id)
  }

  /** How many of the store's connections are as a condition on pg_stat_activity says. */
  async sessions(condition = 'true'): Promise<number> {
    const { rows } = await this.admin.query(
      `SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = $1 AND application_name = $2 AND (${condition})`,
      [this.#database.name, this.#applicationName],
    )
    return rows[0].count
  }

  /** Waits until one of the store's connections is as the condition says. */
  async until(condition: string): Promise<void> {
    await vi.waitUntil(async () => (await this.sessions(condition)) > 0, { interval: 2, timeout: 10_000 })
  }

  /** Ends the store's connections that are as the condition says, and answers how many there were. */
  async terminate(condition = 'true'): Promise<number> {
    const { rows } = await this.admin.query(
      `SELECT pid, pg_terminate_backend(pid) AS ended FROM pg_stat_activity
        WHERE datname = $1 AND application_name = $2 AND (${condition})`,
      [this.#database.name, this.#applicationName],
    )
    const ended = rows.filter((row) => row.ended).map(({ pid }) => pid)
    const left = ended.length === 0 ? 'false' : `pid IN (${ended.join(', ')})`
    await vi.waitUntil(async () => (await this.sessions(left)) === 0, { interval: 1 })
    return ended.length
  }

  /** Works while somebody holds a lock, who then lets go of it. */
  async whileLocked<T>(lock: string, work: () => Promise<T>): Promise<T> {
    const holder = await this.admin.connect()
    try {
      await holder.query('BEGIN')
      await holder.query(lock)
      return await work()
    } finally {
      await holder.query('ROLLBACK')
      holder.release()
    }
  }

  /** The ids that are in the table, seen past the store. */
  async stored(): Promise<ReadonlySet<string>> {
    const { rows } = await this.admin.query(`SELECT _id FROM "${this.schema}".marks`)
    return new Set(rows.map(({ _id }) => _id))
  }

  /**
   * The store works: a write is there for others at once, so it is in nobody's open transaction; what was
   * acknowledged is there; no connection stands in a transaction; nothing was left for nobody to catch.
   */
  async expectSound(note = ''): Promise<void> {
    const id = `sound ${performance.now()}`
    await this.put(id)
    expect((await this.marks.get(id))?.id).toBe(id)
    await this.putTogether([`${id} in a transaction`])
    const stored = await this.stored()
    expect(
      [...this.acknowledged].filter((each) => !stored.has(each)),
      note,
    ).toEqual([])
    const isLeft = async () => (await this.sessions(`state LIKE 'idle in transaction%'`)) > 0
    await vi.waitUntil(async () => !(await isLeft()), { interval: 2 })
    expect(this.#uncaught.errors).toEqual([])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close()
    await this.#lent?.end()
    await this.admin.end()
    // A late error would come within the next turns.
    await pause(0)
    this.#uncaught[Symbol.dispose]()
    expect(this.#uncaught.errors).toEqual([])
  }
}

/** Counts how often each thing occurs. */
export function tally(things: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const thing of things) counts[thing] = (counts[thing] ?? 0) + 1
  return counts
}
