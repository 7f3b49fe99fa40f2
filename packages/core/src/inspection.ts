/** What a backend tells of its place to the person who operates it. */

/** How a thing that was looked at stands. `bad` endangers data or work, `warning` may come to that. */
export type CheckState = 'good' | 'warning' | 'bad'

/** One thing that was looked at. */
export interface Check {
  /** What it is about, in one or two words: `durability`, `permissions`, `index`. */
  readonly topic: string
  readonly state: CheckState
  /** One sentence: how it stands. Names places, never keys or values. */
  readonly says: string
  /** What to do about it, where it is not good. */
  readonly advice?: string
}

/** How much one layout takes. */
export interface LayoutSize {
  readonly layout: string
  /** Rows in whatever state, of all tenants; from the engine's statistics where `isEstimate`. */
  readonly rows: number
  readonly isEstimate: boolean
  /** Bytes with indexes; `null` where the engine can't tell. */
  readonly bytes: number | null
  /** Where they were asked for and the backend can tell; those of a history have none, for they are the past. */
  readonly states?: RowStates | undefined
}

/** How many rows of a layout are there, and not there for those who read. */
export interface RowStates {
  /** Past their deadline, and not yet removed. */
  readonly expired: number
  /** Soft-deleted, and not expired. */
  readonly deleted: number
  /** A count that reaches this number stands for as many or more; `undefined` where all were counted. */
  readonly countedTo: number | undefined
}

/** That rows are to be counted by their states. */
export interface Counting {
  /** At what instant, in milliseconds since 1970. */
  readonly at: number
  /**
   * Whether all are counted, `rows` of every layout included, be it by reading everything; else each state is counted
   * up to `QUICK_COUNT`, and `rows` may be an estimate.
   */
  readonly exact: boolean
}

/** Up to how many rows of each state are counted where it is to be quick. */
export const QUICK_COUNT = 10_000

/** What a backend answers of its place. */
export interface Inspection {
  /** The engine with its version: `PostgreSQL 18.4`, `SQLite 3.54.0`. */
  readonly engine: string
  /** Settings and facts by name, as the engine calls them, in the order that a person wants to read them. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>
  /** By layout in text order. */
  readonly sizes: readonly LayoutSize[]
  /** All bytes on the disk or in memory; `null` where the engine can't tell. */
  readonly bytes: number | null
  /** The time of the machine that the engine is on, in milliseconds since 1970; `null` where it is this one. */
  readonly clock: number | null
  readonly checks: readonly Check[]
}

/** The connections of a backend at this moment. */
export interface ConnectionStatistics {
  /** Connections that are in use. */
  readonly used: number
  /** Connections that are open and idle. */
  readonly idle: number
  /** Callers that wait for one. */
  readonly waiting: number
  /** The most that there may be. */
  readonly max: number
}
