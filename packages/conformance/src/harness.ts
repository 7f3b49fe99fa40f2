/** What a backend's author gives to the suite: places to store things in, and openers for them. */

import type { Backend, Capabilities, WithCache } from '@coffer/core/backend'

/** How to get at a backend. Every method may be called many times. */
export interface Harness {
  /** For the report. No case looks at it. */
  readonly name: string
  readonly capabilities: Capabilities
  /** A new, empty place that shares nothing with any other. */
  create(): Promise<Place>
}

/** One place where data lives: a file, a database, a piece of memory. */
export interface Place {
  /**
   * A new, unopened backend on this place. Called once, it is the store's; called after that one was
   * closed, it opens the place again; called beside it, it is a second opener. A backend without
   * persistence and sharing is only asked once.
   */
  backend(): Backend
  /**
   * Changes stored data behind the backend's back, to see that it is noticed: replaces the document of a
   * row by what `change` makes of its JSON text. Absent where nothing can reach around the backend.
   */
  tamper?(collection: string, id: string, change: (document: string) => string): Promise<void>
  /**
   * Marks the place as written in a format that no release knows yet. Every backend on it has been closed.
   * Absent where there is nothing that could be of another format.
   */
  newerFormat?(): Promise<void>
  /**
   * A backend on this place over a connection or pool that is the caller's own, and whether that one still
   * works. Absent where a backend can't be given one.
   */
  lent?(): Promise<{ readonly backend: Backend; works(): Promise<boolean> }>
  /** Whether reads may be answered by a replica here, so that eventual ones may lag behind. Default: false. */
  readonly replica?: boolean
  /**
   * `withCache` of `@coffer/cache`: the cases about caches are run with it, and many others once more. Absent
   * where nobody puts a cache in front of the backend.
   */
  readonly withCache?: WithCache
  /** Removes the place. Every backend on it has been closed. */
  destroy(): Promise<void>
}
