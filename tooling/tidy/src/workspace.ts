/** The packages of the workspace, read from their package.json files, and which of them may import which. */

import { parse } from 'yaml'
import * as z from 'zod'
import type { SourceTree } from './source-tree.ts'

const names = z.record(z.string(), z.string()).default({})

const manifestSchema = z.looseObject({
  name: z.string(),
  private: z.boolean().default(false),
  version: z.string().optional(),
  description: z.string().optional(),
  license: z.string().optional(),
  type: z.string().optional(),
  engines: names,
  sideEffects: z.boolean().optional(),
  files: z.array(z.string()).default([]),
  exports: names,
  bin: names,
  scripts: names,
  publishConfig: z
    .object({
      access: z.string().optional(),
      exports: z.record(z.string(), z.object({ types: z.string(), default: z.string() })).default({}),
      bin: names,
    })
    .optional(),
  dependencies: names,
  peerDependencies: names,
  optionalDependencies: names,
  devDependencies: names,
})

const catalogSchema = z.looseObject({ catalog: names, overrides: names })

export type Manifest = z.output<typeof manifestSchema>

/** A package and the folder it lives in; the folder of the root is `''`. */
export interface WorkspacePackage {
  readonly folder: string
  readonly manifest: Manifest
}

/** All packages of a tree, the root included. */
export function packagesOf(tree: SourceTree): readonly WorkspacePackage[] {
  return [...tree]
    .filter(([path]) => /^(?:(?:packages|tooling)\/[^/]+\/|examples\/)?package\.json$/.test(path))
    .map(([path, text]) => ({
      folder: path.replace(/\/?package\.json$/, ''),
      manifest: manifestSchema.parse(JSON.parse(text)),
    }))
}

/** The packages that are published: those below `packages/`. */
export function publishable(tree: SourceTree): readonly WorkspacePackage[] {
  return packagesOf(tree).filter(({ folder }) => folder.startsWith('packages/'))
}

/** The package that a file belongs to. */
export function packageOf(packages: readonly WorkspacePackage[], path: string): WorkspacePackage | undefined {
  return (
    packages.find(({ folder }) => folder !== '' && path.startsWith(`${folder}/`)) ??
    packages.find(({ folder }) => folder === '')
  )
}

/** The package that a specifier names, or `undefined` for a relative path or a part of Node. */
export function packageNameOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** The versions that the workspace agrees on, and the overrides beside them. */
export function catalogOf(tree: SourceTree): z.output<typeof catalogSchema> {
  return catalogSchema.parse(parse(tree.get('pnpm-workspace.yaml') ?? '{}'))
}

/** What each published package may import when it runs, and what besides in its tests. */
export const ARROWS: Readonly<
  Record<string, { readonly run: readonly string[]; readonly tests: readonly string[] }>
> = {
  core: { run: [], tests: [] },
  cache: { run: ['core'], tests: ['conformance'] },
  memory: { run: ['core'], tests: ['cache', 'conformance'] },
  file: { run: ['core', 'memory'], tests: ['cache', 'conformance'] },
  sql: { run: ['core'], tests: [] },
  sqlite: { run: ['core', 'sql'], tests: ['cache', 'conformance'] },
  postgres: { run: ['core', 'sql'], tests: ['cache', 'conformance'] },
  conformance: { run: ['core'], tests: [] },
  agents: { run: ['core'], tests: ['cache', 'memory', 'file', 'sqlite', 'postgres', 'conformance'] },
  backup: { run: ['core'], tests: ['memory', 'file', 'sqlite', 'postgres'] },
  metrics: { run: ['core'], tests: ['cache', 'memory', 'sqlite', 'postgres'] },
  cli: {
    run: [
      'core',
      'memory',
      'file',
      'sql',
      'sqlite',
      'postgres',
      'conformance',
      'agents',
      'backup',
      'metrics',
    ],
    tests: [],
  },
}

/** The scope of the published packages. */
export const SCOPE = '@coffer/'
