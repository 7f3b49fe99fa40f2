import type { Rule } from '../rule.ts'

/** Names that say nothing about what is inside, with what to use instead. */
const VAGUE = new Map<string, string>([
  ...['util', 'utils', 'utilities', 'helper', 'helpers', 'common', 'misc', 'shared', 'lib', 'stuff'].map(
    (name): [string, string] => [name, 'name the file after the one concept in it'],
  ),
  ...['type', 'types', 'interface', 'interfaces'].map((name): [string, string] => [
    name,
    'put each type beside the code that gives it meaning',
  ]),
])

/** File names say what is inside. */
export const fileNames: Rule = {
  title: 'a file is named after its concept, in kebab-case',
  check: (tree) =>
    [...tree.keys()]
      .filter((path) => /\.(?:ts|mjs)$/.test(path))
      .flatMap((path) => {
        const stem = path.split('/').at(-1)?.split('.')[0] ?? ''
        const instead = VAGUE.get(stem.toLowerCase())
        if (instead !== undefined) return [`${path}: '${stem}' says nothing; ${instead}`]
        return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(stem) ? [] : [`${path}: write the name in kebab-case`]
      }),
}
