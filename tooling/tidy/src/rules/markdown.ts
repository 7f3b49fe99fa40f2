import { posix } from 'node:path'
import type { Rule } from '../rule.ts'
import { modulesOf, type SourceTree } from '../source-tree.ts'

/** Pages that a reader can trust to be there: one title each, and no page or link that is missing. */
export const markdown: Rule = {
  title: 'a Markdown file has one title, and every page that is named exists',
  check: (tree) => [...titles(tree), ...links(tree), ...mentions(tree)],
}

function pages(tree: SourceTree): readonly (readonly [string, string])[] {
  return [...tree].filter(([path]) => path.endsWith('.md')).map(([path, text]) => [path, prose(text)])
}

/** The text without its code blocks. */
function prose(text: string): string {
  return text.replace(/^(```+)[^\n]*\n[\s\S]*?^\1[^\S\n]*$/gm, '')
}

/** A changeset becomes a line of a changelog and has no title. */
function titles(tree: SourceTree): readonly string[] {
  return pages(tree)
    .filter(([path]) => !path.startsWith('.changeset/'))
    .map(([path, text]) => [path, text.match(/^# /gm)?.length ?? 0] as const)
    .filter(([, count]) => count !== 1)
    .map(([path, count]) => `${path}: ${count} headings with one '#'; it has one title`)
}

function links(tree: SourceTree): readonly string[] {
  return pages(tree).flatMap(([path, text]) =>
    [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return []
      const file = posix.join(posix.dirname(path), target).replace(/\/$/, '')
      const exists = tree.has(file) || [...tree.keys()].some((each) => each.startsWith(`${file}/`))
      return exists ? [] : [`${path}: the link '${target}' leads nowhere`]
    }),
  )
}

/** Comments and pages name pages by their capitals, such as the one with the clauses. */
function mentions(tree: SourceTree): readonly string[] {
  const names = new Set([...tree.keys()].map((path) => path.split('/').at(-1)))
  const texts = [
    ...pages(tree).map(([path, text]) => ({ path, text })),
    ...modulesOf(tree).flatMap(({ path, comments, literals }) =>
      [...comments, ...literals].map(({ text }) => ({ path, text })),
    ),
  ]
  return texts.flatMap(({ path, text }) =>
    (text.match(/\b[A-Z][A-Z_-]+\.md\b/g) ?? [])
      .filter((name) => !names.has(name))
      .map((name) => `${path}: names ${name}, which is not here`),
  )
}
