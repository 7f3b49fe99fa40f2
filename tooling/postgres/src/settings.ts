/** Settings of a PostgreSQL server, as in `postgresql.conf`. */

/** Values by name. */
export type Settings = Readonly<Record<string, string>>

const ALWAYS: Settings = { max_connections: '200' }

/**
 * Data that nobody needs after the run has not to survive a power cut. `synchronous_commit` stays on: a crash
 * of the server alone must lose nothing here either.
 */
const THROWAWAY: Settings = { fsync: 'off', full_page_writes: 'off' }

/** The settings of a server: PostgreSQL's own where it has to be durable, and the caller's over all. */
export function settingsFor(durable: boolean, settings: Settings = {}): Settings {
  return { ...ALWAYS, ...(durable ? {} : THROWAWAY), ...settings }
}
