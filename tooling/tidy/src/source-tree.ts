/** The files that the house rules look at: what is in the repository, or would be after `git add`. */

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Module, parseModule } from './module.ts'

/** Text files by their path from the root, with `/` between the parts. */
export type SourceTree = ReadonlyMap<string, string>

/** The root of this repository. */
export const ROOT = join(import.meta.dirname, '..', '..', '..')

const TEXT =
  /\.(?:ts|mjs|json|jsonc|md|yaml|yml|sql|sh)$|^\.ci\/|^(?:[^/]+\/)*(?:LICENSE|\.gitignore|\.gitattributes)$/
const GENERATED = new Set(['pnpm-lock.yaml'])
const NOT_WALKED = new Set(['node_modules', 'dist', 'coverage', '.git', '.coffer'])

/** Reads the tree below a root. Asks Git; where there is no repository, walks the folders. */
export function readTree(root: string): SourceTree {
  const listed = listByGit(root)
  const paths = listed.length > 0 ? listed : listByWalking(root)
  const kept = paths.filter((path) => TEXT.test(path) && !GENERATED.has(path)).sort()
  return new Map(kept.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** The files below a root that Git tracks, or that are new and not ignored; none outside of a repository. */
function listByGit(root: string): readonly string[] {
  try {
    const listing = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    })
    return [...new Set(listing.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)))
  } catch {
    return []
  }
}

/** The files below a root, but for folders that hold installed or built things. */
export function listByWalking(root: string, folder = ''): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return NOT_WALKED.has(entry.name) ? [] : listByWalking(root, path)
    return entry.isFile() ? [path] : []
  })
}

/** The TypeScript and JavaScript files of a tree, parsed. */
export function modulesOf(tree: SourceTree): readonly Module[] {
  return [...tree].filter(([path]) => /\.(?:ts|mjs)$/.test(path)).map(([path, text]) => parsed(path, text))
}

/** The parsed file of a path, or `undefined` when the tree has none. */
export function moduleAt(tree: SourceTree, path: string): Module | undefined {
  const text = tree.get(path)
  return text === undefined ? undefined : parsed(path, text)
}

/** Every rule looks at the same files, so each text is parsed once. */
const cache = new Map<string, Module>()

function parsed(path: string, text: string): Module {
  const known = cache.get(path)
  if (known?.text === text) return known
  const module = parseModule(path, text)
  cache.set(path, module)
  return module
}
