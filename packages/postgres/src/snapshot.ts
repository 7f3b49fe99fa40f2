/**
 * One state of everything, on a connection of its own, while writes go on.
 *
 * The transaction is serializable, only reads, and waits until no other can make it see what never was
 * (`DEFERRABLE`): then it can neither fail nor be the reason that others do. A snapshot that is merely
 * repeatable can show a state that no serial order of the transactions had. A standby knows no other, though;
 * what it answers is a state that the primary had committed.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { type HeldLayout, type Key, type Layout, type Snapshot, StoreError } from '@coffer/core/backend'
import { newRows, type RawRow, readRows, tableOf } from '@coffer/sql'
import { ALL_TENANTS } from './confine.ts'
import { unbounded } from './ddl-lock.ts'
import { sqlState } from './error-code.ts'
import { heldLayouts } from './held-layouts.ts'
import { type Place, runWithin } from './place.ts'
import { type StoredLayout, storedSchema } from './schema-state.ts'
import type { Command, Session } from './session.ts'
import { undo } from './transaction-ends.ts'
import { walkByKey } from './walk-by-key.ts'

/** How long the server may be silent: until a state is safe to be seen, and while it reads a page. */
const SILENCE_MS = 10 * 60_000
/** How long a table may be waited for that others change or replace: shorter than that. */
const LOCK_TIMEOUT_MS = 5 * 60_000
/** What the server says of a table that is not there. */
const TABLE_IS_GONE = '42P01'
/** How long the reader may take between two pages: whoever writes them down may have to wait for his disk. */
const IDLE_MS = 60 * 60_000
/** How often it is begun anew when tables were changed in the same moment. */
const MAX_TRIES = 20
const PAUSE_MS = 250

/** Runs a callback that sees one state of everything. */
export function takeSnapshot<T>(place: Place, run: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  return place.connections.apart(async (session) => {
    try {
      const snapshot = new OpenSnapshot(place, session, await begin(place, session))
      try {
        return await run(snapshot)
      } finally {
        snapshot.end()
      }
    } finally {
      await undo(session)
    }
  })
}

class OpenSnapshot implements Snapshot {
  readonly layouts: readonly HeldLayout[]
  readonly #place: Place
  readonly #session: Session
  #isOver = false

  constructor(place: Place, session: Session, layouts: readonly HeldLayout[]) {
    this.layouts = layouts
    this.#place = place
    this.#session = session
  }

  end(): void {
    this.#isOver = true
  }

  async rows(layout: Layout, after: Key | undefined, limit: number) {
    const { table } = this.#place.statementsOf(layout)
    const { text, parameters } = readRows(table, after !== undefined)
    return newRows(table, await this.#ask({ text, parameters: parameters(after, limit) }))
  }

  async floors(layout: Layout, after: string | undefined, limit: number) {
    const { text, parameters } = this.#place.schema.own.readFloors
    const rows = await this.#ask({ text, parameters: parameters(layout.name, after, limit) })
    return rows.map(([tenant, version]) => ({ tenant: String(tenant), version: Number(version) }))
  }

  async #ask(command: Command): Promise<readonly RawRow[]> {
    if (this.#isOver) {
      const message = 'the snapshot has ended: read from it before its callback resolves'
      throw new StoreError('TRANSACTION_CLOSED', message, { backend: 'postgresql' })
    }
    return this.#session.ask(command, { silenceMs: SILENCE_MS })
  }
}

/** Begins the transaction and answers the layouts in it. */
async function begin(place: Place, session: Session): Promise<readonly HeldLayout[]> {
  const [standby] = await session.ask({ text: 'SELECT pg_is_in_recovery()' })
  const isolation = standby?.[0] === 't' ? 'REPEATABLE READ' : 'SERIALIZABLE'
  for (let tries = 1; ; tries++) {
    const { layouts } = await storedSchema(place.schema, session, [])
    const bounds = [
      `BEGIN ISOLATION LEVEL ${isolation} READ ONLY DEFERRABLE`,
      'SET LOCAL statement_timeout = 0',
      `SET LOCAL idle_in_transaction_session_timeout = ${IDLE_MS}`,
      `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`,
    ].map((text): Command => ({ text }))
    const beginning = [...bounds, ...walkByKey('LOCAL')]
    if (await locked(session, beginning, lockCommands(place, heldLayouts(layouts)))) {
      await runWithin(place, session, [{ command: unbounded(), tenant: ALL_TENANTS }], {
        silenceMs: SILENCE_MS,
      })
      const seen = await storedSchema(place.schema, session, [])
      if (isSame(layouts, seen.layouts)) return heldLayouts(seen.layouts)
    }
    await undo(session)
    if (tries === MAX_TRIES) throw changing()
    await pause(PAUSE_MS)
  }
}

/**
 * Begins with locks, before the state is chosen: from then on nobody takes away a column that it has rows of.
 * Answers false where a table is gone: whoever replaced everything was waited for.
 */
async function locked(
  session: Session,
  begin: readonly Command[],
  locks: readonly Command[],
): Promise<boolean> {
  try {
    await session.run([...begin, ...locks], { silenceMs: SILENCE_MS })
    return true
  } catch (error) {
    if (sqlState((error as { cause?: unknown }).cause) === TABLE_IS_GONE) return false
    throw error
  }
}

function lockCommands({ schema: { dialect } }: Place, held: readonly HeldLayout[]): readonly Command[] {
  const tables = held.map(({ layout }) => tableOf(dialect, layout).name)
  return tables.length === 0 ? [] : [{ text: `LOCK TABLE ${tables.join(', ')} IN ACCESS SHARE MODE` }]
}

/** Whether the tables are those that were locked. Rows that were written anew meanwhile are no matter. */
function isSame(a: ReadonlyMap<string, StoredLayout>, b: ReadonlyMap<string, StoredLayout>): boolean {
  return a.size === b.size && [...a].every(([name, { text }]) => b.get(name)?.text === text)
}

function changing(): StoreError {
  const message = 'tables are being changed all the time, so no state could be seen: try again afterwards'
  return new StoreError('CONFLICT', message, { backend: 'postgresql' })
}
