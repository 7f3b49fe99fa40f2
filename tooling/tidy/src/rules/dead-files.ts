import { posix } from 'node:path'
import type { Rule } from '../rule.ts'
import { moduleAt, modulesOf, type SourceTree } from '../source-tree.ts'
import { packagesOf, type WorkspacePackage } from '../workspace.ts'

const CONFIG = /^(?:vitest\.workspace\.ts|(?:.*\/)?[^/]+\.config\.ts)$/
const TEST = /(?:^|\/)test\/.*\.test\.ts$/

/** Every source file is reached from somewhere, and what is published not only from tests. */
export const deadFiles: Rule = {
  title: 'every file is reached from an export, a command, a script or a test',
  check: (tree) => {
    const entries = packagesOf(tree).flatMap((each) => entriesOf(tree, each))
    const configs = modulesOf(tree).filter(({ path }) => CONFIG.test(path) || path.startsWith('.ci/'))
    const tests = modulesOf(tree).filter(({ path }) => TEST.test(path))
    const shipped = reached(tree, [...entries, ...configs.map(({ path }) => path)])
    const all = reached(tree, [...shipped, ...tests.map(({ path }) => path)])
    return modulesOf(tree).flatMap(({ path }) => {
      if (!all.has(path)) return [`${path}: nobody imports it; delete it`]
      const isProduct = /^packages\/[^/]+\/src\//.test(path)
      return isProduct && !shipped.has(path) ? [`${path}: only tests import it; move it to the tests`] : []
    })
  },
}

/** The files that package.json names: exports, commands and what scripts run. */
function entriesOf(tree: SourceTree, { folder, manifest }: WorkspacePackage): readonly string[] {
  const named = [
    ...Object.values(manifest.exports),
    ...Object.values(manifest.bin),
    ...Object.values(manifest.scripts).flatMap((script) => script.match(/[\w./-]+\.(?:ts|mjs)\b/g) ?? []),
  ]
  const ci = folder === '' ? (tree.get('.ci/run')?.match(/[\w./-]+\.(?:ts|mjs)\b/g) ?? []) : []
  return [...named, ...ci].map((path) => posix.join(folder, path)).filter((path) => tree.has(path))
}

/** Follows imports, and literals that name a file: workers and child processes are started by path. */
function reached(tree: SourceTree, from: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const waiting = [...from]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const module = seen.has(path) ? undefined : moduleAt(tree, path)
    if (module === undefined) continue
    seen.add(path)
    const folder = posix.dirname(path)
    const imported = module.imports.filter(({ text }) => text.startsWith('.'))
    const started = module.literals.filter(({ text }) => /\.(?:ts|mjs)$/.test(text))
    for (const { text } of [...imported, ...started]) waiting.push(posix.join(folder, text))
    for (const { text } of started) waiting.push(posix.normalize(text))
  }
  return seen
}
