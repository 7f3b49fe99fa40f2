import { posix } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Rule } from '../rule.ts'
import type { SourceTree } from '../source-tree.ts'
import { type Manifest, packagesOf, publishable, SCOPE } from '../workspace.ts'

/** The published packages look alike, and what is published mirrors what is run in the workspace. */
export const manifests: Rule = {
  title: 'published packages share licence, version and shape; all others are private',
  check: (tree) => [...published(tree), ...unpublished(tree)],
}

function published(tree: SourceTree): readonly string[] {
  const packages = publishable(tree)
  const version = packages[0]?.manifest.version
  return packages.flatMap(({ folder, manifest }) => {
    const expected: Partial<Manifest> = {
      name: SCOPE + folder.slice('packages/'.length),
      private: false,
      version,
      license: 'MIT',
      type: 'module',
      engines: { node: '>=22' },
      sideEffects: false,
      files: ['dist', ...dataOf(tree, folder)],
      publishConfig: {
        access: 'public',
        exports: Object.fromEntries(
          Object.entries(manifest.exports).map(([door, source]) => [
            door,
            { types: built(source, '.d.ts'), default: built(source, '.js') },
          ]),
        ),
        bin: Object.fromEntries(
          Object.entries(manifest.bin).map(([name, source]) => [name, built(source, '.js')]),
        ),
      },
    }
    return [
      ...Object.entries(expected)
        .filter(([field, value]) => !isDeepStrictEqual(manifest[field], value))
        .map(([field, value]) => `${folder}/package.json: '${field}' must be ${JSON.stringify(value)}`),
      ...(manifest.description === undefined
        ? [`${folder}/package.json: says nothing in 'description'`]
        : []),
      ...(tree.has(`${folder}/README.md`) ? [] : [`${folder}: has no README.md`]),
    ]
  })
}

/** Files of data in a package's folder are for its users. */
function dataOf(tree: SourceTree, folder: string): readonly string[] {
  return [...tree.keys()]
    .filter((path) => posix.dirname(path) === folder && path.endsWith('.json'))
    .map((path) => posix.basename(path))
    .filter((name) => name !== 'package.json')
}

function unpublished(tree: SourceTree): readonly string[] {
  return packagesOf(tree)
    .filter(({ folder, manifest }) => !folder.startsWith('packages/') && !manifest.private)
    .map(({ folder }) => `${folder}/package.json: must be private`)
}

function built(source: string, extension: string): string {
  return source.replace('./src/', './dist/').replace(/\.ts$/, extension)
}
