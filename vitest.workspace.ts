import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/**
 * The root test configuration, passed with `--config vitest.workspace.ts`: one project per folder
 * that has tests. Tests run on sources; nothing needs a build first.
 */
const projects = [
  'packages/core',
  'packages/memory',
  'packages/file',
  'packages/sql',
  'packages/sqlite',
  'packages/postgres',
  'packages/cache',
  'packages/backup',
  'packages/metrics',
  'packages/conformance',
  'packages/agents',
  'packages/cli',
  'tooling/tidy',
  'tooling/conformance',
  'tooling/bench',
  'tooling/packaging',
  'tooling/postgres',
  'tooling/faults',
  'examples',
]

/** The projects whose tests talk to PostgreSQL. They share one server, started when the first of them runs. */
const withPostgres = new Set([
  'packages/postgres',
  'packages/agents',
  'packages/backup',
  'packages/cli',
  'packages/metrics',
  'tooling/conformance',
  'tooling/packaging',
  'tooling/postgres',
  'examples',
])
const postgresSetup = join(import.meta.dirname, 'tooling/postgres/src/vitest-setup.ts')

export default defineConfig({
  test: {
    // More than the default of one on a machine of two cores: tests with a server mostly wait for it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: projects.map((folder) => ({
      test: {
        name: folder.replace('packages/', '').replace('/', '-'),
        root: folder,
        include: ['test/**/*.test.ts'],
        passWithNoTests: true,
        testTimeout: 60_000,
        globalSetup: withPostgres.has(folder) ? [postgresSetup] : [],
      },
    })),
  },
})
