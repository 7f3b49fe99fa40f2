import { defineConfig } from 'vitest/config'

/**
 * The root test configuration, passed with `--config vitest.workspace.ts`: one project per folder
 * that has tests. Tests run on sources; nothing needs a build first.
 */
const projects = [
  'packages/core',
  'packages/memory',
  'packages/sql',
  'packages/sqlite',
  'packages/conformance',
  'packages/agents',
  'packages/cli',
  'tooling/tidy',
  'tooling/conformance',
  'tooling/bench',
  'tooling/packaging',
  'examples',
]

export default defineConfig({
  test: {
    projects: projects.map((folder) => ({
      test: {
        name: folder.replace('packages/', '').replace('/', '-'),
        root: folder,
        include: ['test/**/*.test.ts'],
        passWithNoTests: true,
        testTimeout: 60_000,
      },
    })),
  },
})
