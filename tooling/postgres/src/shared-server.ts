/** The server that all tests of a Vitest run share. */

import { inject } from 'vitest'
import type { ServerAddress } from './postgres-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Read it with `sharedServer()`. */
    readonly cofferPostgres: ServerAddress
  }
}

/**
 * The server that the project's global setup has started. Tests make databases on it, and leave the server
 * itself alone: for faults of the server start one of your own.
 *
 * @throws Error in a project that is not listed among those with PostgreSQL in `vitest.workspace.ts`.
 */
export function sharedServer(): ServerAddress {
  const server: ServerAddress | undefined = inject('cofferPostgres')
  if (server === undefined) {
    throw new Error('This project has no PostgreSQL: list its folder in withPostgres of vitest.workspace.ts')
  }
  return server
}
