/**
 * Vitest's global setup for the projects that talk to PostgreSQL. The first of them that runs starts the
 * server; all their test files and worker processes share it; it ends with the last.
 */

import type { TestProject } from 'vitest/node'
import type { PostgresServer } from './postgres-server.ts'
import { startPostgres } from './start-postgres.ts'

interface SharedServer {
  readonly server: Promise<PostgresServer>
  projects: number
}

declare global {
  /** Each project loads a copy of this file, so what they share lives outside of it. */
  var cofferSharedPostgres: SharedServer | undefined
}

/** Starts the server, or joins those who use it already, and tells the project's workers where it is. */
export async function setup(project: Pick<TestProject, 'provide'>): Promise<() => Promise<void>> {
  globalThis.cofferSharedPostgres ??= { server: startPostgres(), projects: 0 }
  const shared = globalThis.cofferSharedPostgres
  shared.projects += 1
  const { url, version, run, copiesFiles } = await shared.server
  project.provide('cofferPostgres', { url, version, run, copiesFiles })
  return async () => {
    shared.projects -= 1
    if (shared.projects > 0) return
    globalThis.cofferSharedPostgres = undefined
    await (await shared.server).stop()
  }
}
