import { posix } from 'node:path'
import type { Rule } from '../rule.ts'
import { moduleAt, type SourceTree } from '../source-tree.ts'
import { publishable } from '../workspace.ts'

/** What users can import says what it promises. */
export const documentedExports: Rule = {
  title: 'every public export has a TSDoc comment where it is declared',
  check: (tree) => [
    ...new Set(
      publishable(tree).flatMap(({ folder, manifest }) =>
        Object.values(manifest.exports).flatMap((door) => undocumented(tree, posix.join(folder, door))),
      ),
    ),
  ],
}

function undocumented(tree: SourceTree, door: string): readonly string[] {
  const module = moduleAt(tree, door)
  if (module === undefined) return [`${door}: package.json exports it, but there is no such file`]
  return module.exports.flatMap(({ name }) => {
    const home = declarationOf(tree, door, name)
    if (home === undefined) return []
    const isDocumented = moduleAt(tree, home.path)?.documented.has(home.name) ?? false
    return isDocumented ? [] : [`${home.path}: '${home.name}' is public; say in TSDoc what it promises`]
  })
}

/** Follows a name to the file that declares it; `undefined` when that is another package. */
function declarationOf(
  tree: SourceTree,
  path: string,
  name: string,
): { readonly path: string; readonly name: string } | undefined {
  const module = moduleAt(tree, path)
  const exported = module?.exports.find((each) => each.name === name)
  if (module === undefined || exported === undefined) return { path, name }
  const bound = module.bindings.get(exported.local)
  const from = exported.from ?? bound?.from
  if (from === undefined) return { path, name: exported.local }
  if (!from.startsWith('.')) return undefined
  const inner = exported.from === undefined ? (bound?.name ?? exported.local) : exported.local
  return declarationOf(tree, posix.join(posix.dirname(path), from), inner)
}
