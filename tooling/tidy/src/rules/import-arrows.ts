import { posix } from 'node:path'
import type { Rule } from '../rule.ts'
import { modulesOf, type SourceTree } from '../source-tree.ts'
import {
  ARROWS,
  type Manifest,
  packageNameOf,
  packageOf,
  packagesOf,
  publishable,
  SCOPE,
} from '../workspace.ts'

/** Who may import whom, in package.json files and in import statements, dev dependencies included. */
export const importArrows: Rule = {
  title: 'imports follow the arrows between packages, without a cycle',
  check: (tree) => [...manifestViolations(tree), ...importViolations(tree), ...cycles(tree)],
}

function manifestViolations(tree: SourceTree): readonly string[] {
  return publishable(tree).flatMap(({ folder, manifest }) => {
    const name = shortName(manifest.name)
    const arrows = ARROWS[name]
    if (arrows === undefined) return [`${folder}: no arrows are declared for it; add it to ARROWS`]
    const forRun = {
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
    }
    return [
      ...own(forRun).filter((target) => !arrows.run.includes(target)),
      ...own(manifest.devDependencies).filter((target) => ![...arrows.run, ...arrows.tests].includes(target)),
    ].map((target) => `${folder}/package.json: ${name} may not depend on ${target}`)
  })
}

function importViolations(tree: SourceTree): readonly string[] {
  const packages = packagesOf(tree)
  return modulesOf(tree).flatMap(({ path, imports }) => {
    const home = packageOf(packages, path)
    if (home === undefined || home.folder === '') return []
    const arrows = ARROWS[shortName(home.manifest.name)]
    const isPublished = home.folder.startsWith('packages/')
    return imports.flatMap(({ text: specifier, line }) => {
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(path), specifier)
        const leaves = !target.startsWith(`${home.folder}/`)
        return leaves
          ? [`${path}:${line}: '${specifier}' leaves the package; import it by the package's name`]
          : []
      }
      const target = packageNameOf(specifier)
      if (!isPublished || target === undefined || !target.startsWith(SCOPE)) return []
      if (target === home.manifest.name) {
        return path.startsWith(`${home.folder}/src/`) ? [`${path}:${line}: imports its own package`] : []
      }
      const inSource = path.startsWith(`${home.folder}/src/`)
      const allowed = inSource ? (arrows?.run ?? []) : [...(arrows?.run ?? []), ...(arrows?.tests ?? [])]
      return allowed.includes(shortName(target)) ? [] : [`${path}:${line}: may not import '${specifier}'`]
    })
  })
}

/** Cycles in the package.json files, whatever the declared arrows say. */
function cycles(tree: SourceTree): readonly string[] {
  const edges = new Map(
    packagesOf(tree).map(({ manifest }) => [manifest.name, Object.keys(allDependencies(manifest))] as const),
  )
  const finished = new Set<string>()
  const found: string[] = []
  const visit = (name: string, trail: readonly string[]) => {
    if (trail.includes(name)) {
      found.push(`a cycle of packages: ${[...trail.slice(trail.indexOf(name)), name].join(' → ')}`)
    } else if (!finished.has(name)) {
      for (const target of edges.get(name) ?? []) visit(target, [...trail, name])
      finished.add(name)
    }
  }
  for (const name of edges.keys()) visit(name, [])
  return found
}

function allDependencies(manifest: Manifest): Readonly<Record<string, string>> {
  return {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
  }
}

function own(dependencies: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith(SCOPE))
    .map(shortName)
}

function shortName(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}
