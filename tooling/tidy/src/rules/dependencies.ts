import type { Rule } from '../rule.ts'
import { modulesOf, type SourceTree } from '../source-tree.ts'
import {
  catalogOf,
  packageNameOf,
  packageOf,
  packagesOf,
  SCOPE,
  type WorkspacePackage,
} from '../workspace.ts'

/** The command that a tool of the root is used by in scripts. */
const COMMANDS: Readonly<Record<string, string>> = {
  '@biomejs/biome': 'biome',
  '@changesets/cli': 'changeset',
  node: 'node',
  typescript: 'tsc',
  vitest: 'vitest',
}

/** What package.json declares is what the files import, and every version has one home. */
export const dependencies: Rule = {
  title: 'dependencies are declared, used, and versioned by the catalog',
  check: (tree) => [
    ...undeclared(tree),
    ...packagesOf(tree).flatMap((each) => unused(tree, each)),
    ...versions(tree),
  ],
}

/** The type by which `createStore` knows a backend, by its package's name. */
function typeOf(packageName: string): string {
  const name = packageName.slice(SCOPE.length)
  return name === 'postgres' ? 'postgresql' : name
}

function undeclared(tree: SourceTree): readonly string[] {
  const packages = packagesOf(tree)
  return modulesOf(tree).flatMap(({ path, imports }) => {
    const home = packageOf(packages, path)
    if (home === undefined) return []
    const { manifest, folder } = home
    const forRun = {
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
    }
    const inSource = folder !== '' && path.startsWith(`${folder}/src/`)
    const known = inSource ? forRun : { ...forRun, ...manifest.devDependencies }
    return imports.flatMap(({ text, line }) => {
      const name = packageNameOf(text)
      if (name === undefined || name === manifest.name || Object.hasOwn(known, name)) return []
      return [`${path}:${line}: '${name}' is not among the dependencies of ${manifest.name}`]
    })
  })
}

function unused(tree: SourceTree, home: WorkspacePackage): readonly string[] {
  const packages = packagesOf(tree)
  const { manifest, folder } = home
  const files = modulesOf(tree).filter(
    ({ path }) => packageOf(packages, path) === home || folderHas(folder, path),
  )
  const importedBy = (only: RegExp) =>
    new Set(
      files
        .filter(({ path }) => only.test(path))
        .flatMap(({ imports }) => imports.map(({ text }) => packageNameOf(text))),
    )
  const named = new Set(files.flatMap(({ literals }) => literals.map(({ text }) => text)))
  const bySource = importedBy(/\/src\//)
  const byAny = importedBy(/./)
  const declared = { ...manifest.dependencies, ...manifest.devDependencies }
  const peers = new Set(
    packages
      .filter((each) => Object.hasOwn(declared, each.manifest.name))
      .flatMap((each) => Object.keys(each.manifest.peerDependencies)),
  )
  const scripts = Object.values(manifest.scripts).join(' ')
  return Object.keys(declared).flatMap((name) => {
    const mustRun = folder.startsWith('packages/') && Object.hasOwn(manifest.dependencies, name)
    const isUsed =
      (mustRun ? bySource : byAny).has(name) ||
      peers.has(name) ||
      // `createStore({ type: 'sqlite' })` imports the package of that name.
      (name.startsWith(SCOPE) && named.has(typeOf(name))) ||
      (name.startsWith('@types/') && (byAny.has(name.slice('@types/'.length)) || name === '@types/node')) ||
      (Object.hasOwn(COMMANDS, name) && new RegExp(`\\b${COMMANDS[name]}\\b`).test(scripts)) ||
      // The root declares the packages so that a script there can import them as an application does.
      (folder === '' && name.startsWith(SCOPE))
    return isUsed ? [] : [`${folder === '' ? '' : `${folder}/`}package.json: nothing uses '${name}'`]
  })
}

function folderHas(folder: string, path: string): boolean {
  return folder !== '' && path.startsWith(`${folder}/`)
}

function versions(tree: SourceTree): readonly string[] {
  const { catalog, overrides } = catalogOf(tree)
  const packages = packagesOf(tree)
  const declared = packages.flatMap(({ folder, manifest }) =>
    Object.entries({
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
      ...manifest.dependencies,
    }).map(([name, version]) => ({ folder, name, version })),
  )
  const own = new Set(packages.map(({ manifest }) => manifest.name))
  const used = new Set(declared.map(({ name }) => name))
  const pinned = Object.keys(overrides).map((name) => name.split('>').at(-1))
  return [
    ...declared
      .filter(({ name, version }) => version !== (own.has(name) ? 'workspace:*' : 'catalog:'))
      .map(({ folder, name }) => `${folder}/package.json: '${name}' takes its version from the workspace`),
    ...Object.keys(catalog)
      .filter((name) => !used.has(name) && !pinned.includes(name))
      .map((name) => `pnpm-workspace.yaml: no package uses '${name}' of the catalog`),
  ]
}
