import { describe, expect, it } from 'vitest'
import type { Rule } from '../src/rule.ts'
import { bannedWords } from '../src/rules/banned-words.ts'
import { deadFiles } from '../src/rules/dead-files.ts'
import { dependencies } from '../src/rules/dependencies.ts'
import { documentedExports } from '../src/rules/documented-exports.ts'
import { fileNames } from '../src/rules/file-names.ts'
import { importArrows } from '../src/rules/import-arrows.ts'
import { machinePaths } from '../src/rules/machine-paths.ts'
import { manifests } from '../src/rules/manifests.ts'
import { markdown } from '../src/rules/markdown.ts'
import { EXCEPTIONS_FILE, sizeRatchet } from '../src/rules/size-ratchet.ts'
import { rules } from '../src/rules.ts'
import type { SourceTree } from '../src/source-tree.ts'
import { manifest, soundTree } from './sound-tree.ts'

/** A fault put into the sound tree: the files that change, and the words the rule must say. */
interface Planted {
  readonly rule: Rule
  readonly fault: string
  readonly files: Readonly<Record<string, string | undefined>>
  readonly says: string
}

const lines = (count: number) => '// line\n'.repeat(count)
const word = (...parts: readonly string[]) => parts.join('')
const core = 'packages/core/src/index.ts'
const test = 'packages/core/test/one.test.ts'

const planted: readonly Planted[] = [
  { rule: bannedWords, fault: 'any', files: { [core]: 'export const a: any = 1' }, says: "'any'" },
  {
    rule: bannedWords,
    fault: 'a silenced compiler',
    files: { [core]: word('// @ts-', 'ignore\nexport const a = 1') },
    says: 'silences',
  },
  {
    rule: bannedWords,
    fault: 'a default export',
    files: { [core]: 'export default 1' },
    says: 'default export',
  },
  {
    rule: bannedWords,
    fault: 'a default export by name',
    files: { [core]: 'const a = 1\nexport { a as default }' },
    says: 'default export',
  },
  { rule: bannedWords, fault: 'export *', files: { [core]: "export * from './a.ts'" }, says: "'export *'" },
  {
    rule: bannedWords,
    fault: 'a note to self',
    files: { [core]: word('// TO', 'DO later') },
    says: 'unfinished',
  },
  { rule: bannedWords, fault: 'a lone test', files: { [test]: "it.only('x', () => {})" }, says: "'.only'" },
  {
    rule: bannedWords,
    fault: 'a skipped test',
    files: { [test]: "describe.skip('x', () => {})" },
    says: "'.skip'",
  },
  {
    rule: bannedWords,
    fault: 'a test skipped on a condition',
    files: { [test]: "it.skipIf(process.platform === 'win32')('x', () => {})" },
    says: "'.skipIf'",
  },
  {
    rule: deadFiles,
    fault: 'a file that nobody imports',
    files: { 'packages/core/src/lost.ts': 'export const a = 1' },
    says: 'nobody imports it',
  },
  {
    rule: deadFiles,
    fault: 'a product file that only a test imports',
    files: {
      'packages/core/src/lost.ts': 'export const a = 1',
      [test]: "import { a } from '../src/lost.ts'\na",
    },
    says: 'only tests import it',
  },
  {
    rule: dependencies,
    fault: 'an import that is not declared',
    files: { [core]: "import 'left-pad'" },
    says: "'left-pad' is not among the dependencies",
  },
  {
    rule: dependencies,
    fault: 'a source that imports a dev dependency',
    files: { [core]: "import 'vitest'" },
    says: "'vitest' is not among the dependencies",
  },
  {
    rule: dependencies,
    fault: 'a dependency that nothing imports',
    files: { 'packages/core/package.json': manifest('core', { dependencies: { zod: 'catalog:' } }) },
    says: "nothing uses 'zod'",
  },
  {
    rule: dependencies,
    fault: 'a backend that no file imports or names as a type',
    files: {
      'packages/memory/package.json': manifest('memory', {
        dependencies: { '@coffer/core': 'workspace:*' },
        devDependencies: { '@coffer/sqlite': 'workspace:*' },
      }),
    },
    says: "nothing uses '@coffer/sqlite'",
  },
  {
    rule: dependencies,
    fault: 'a version of its own',
    files: { 'packages/core/package.json': manifest('core', { devDependencies: { vitest: '^5.0.0' } }) },
    says: "'vitest' takes its version from the workspace",
  },
  {
    rule: dependencies,
    fault: 'a catalog entry that nobody uses',
    files: { 'pnpm-workspace.yaml': 'catalog:\n  vitest: ^5.0.0\n  left-pad: ^1.0.0\n' },
    says: "no package uses 'left-pad'",
  },
  {
    rule: documentedExports,
    fault: 'an export without a comment',
    files: { [core]: '/** The header. */\n\nexport const a = 1' },
    says: "'a' is public",
  },
  {
    rule: documentedExports,
    fault: 'a passed-on export without a comment',
    files: { [core]: "export { b as a } from './b.ts'", 'packages/core/src/b.ts': 'export type b = string' },
    says: "packages/core/src/b.ts: 'b' is public",
  },
  {
    rule: documentedExports,
    fault: 'a door without a file',
    files: { 'packages/core/package.json': manifest('core', { exports: { '.': './src/gone.ts' } }) },
    says: 'no such file',
  },
  {
    rule: fileNames,
    fault: 'a vague name',
    files: { 'packages/core/src/utils.ts': '' },
    says: 'one concept',
  },
  {
    rule: fileNames,
    fault: 'a file of types',
    files: { 'packages/core/src/types.ts': '' },
    says: 'each type',
  },
  {
    rule: fileNames,
    fault: 'camel case',
    files: { 'packages/core/src/writeQueue.ts': '' },
    says: 'kebab-case',
  },
  {
    rule: importArrows,
    fault: 'a declared arrow the wrong way',
    files: {
      'packages/core/package.json': manifest('core', {
        devDependencies: { '@coffer/memory': 'workspace:*' },
      }),
    },
    says: 'core may not depend on memory',
  },
  {
    rule: importArrows,
    fault: 'a cycle',
    files: {
      'packages/core/package.json': manifest('core', {
        devDependencies: { '@coffer/memory': 'workspace:*' },
      }),
    },
    says: '@coffer/core → @coffer/memory → @coffer/core',
  },
  {
    rule: importArrows,
    fault: 'an import the wrong way',
    files: { [core]: "import '@coffer/memory'" },
    says: "may not import '@coffer/memory'",
  },
  {
    rule: importArrows,
    fault: 'a type from the wrong package',
    files: { [core]: "export type A = import('@coffer/memory').A" },
    says: "may not import '@coffer/memory'",
  },
  {
    rule: importArrows,
    fault: 'a way around the package name',
    files: { 'packages/memory/src/index.ts': "import '../../core/src/index.ts'" },
    says: 'leaves the package',
  },
  {
    rule: importArrows,
    fault: 'a test-only arrow in a source',
    files: { 'packages/memory/src/index.ts': "import '@coffer/conformance'" },
    says: "may not import '@coffer/conformance'",
  },
  {
    rule: machinePaths,
    fault: 'a private folder in a page',
    files: { 'README.md': word('# Title\n\nSee /', 'work/main.') },
    says: 'README.md:3',
  },
  {
    rule: machinePaths,
    fault: 'a fixed place in a source',
    files: { [core]: word("export const a = '/", "tmp/x'") },
    says: 'a fixed place',
  },
  {
    rule: manifests,
    fault: 'another licence',
    files: { 'packages/core/package.json': manifest('core', { license: 'ISC' }) },
    says: `'license' must be "MIT"`,
  },
  {
    rule: manifests,
    fault: 'a version out of step',
    files: { 'packages/memory/package.json': manifest('memory', { version: '9.9.9' }) },
    says: "'version' must be",
  },
  {
    rule: manifests,
    fault: 'a door that is not published',
    files: { 'packages/core/package.json': manifest('core', { exports: { './more': './src/index.ts' } }) },
    says: "'publishConfig' must be",
  },
  {
    rule: manifests,
    fault: 'data that is not published',
    files: { 'packages/core/dashboard.json': '{}' },
    says: `'files' must be ["dist","dashboard.json"]`,
  },
  {
    rule: manifests,
    fault: 'no page',
    files: { 'packages/core/README.md': undefined },
    says: 'has no README.md',
  },
  {
    rule: manifests,
    fault: 'tooling that could be published',
    files: { 'tooling/tidy/package.json': '{ "name": "tidy" }' },
    says: 'must be private',
  },
  { rule: markdown, fault: 'two titles', files: { 'README.md': '# One\n\n# Two\n' }, says: '2 headings' },
  {
    rule: markdown,
    fault: 'no title',
    files: { 'README.md': '```sh\n# a comment\n```\n' },
    says: '0 headings',
  },
  {
    rule: markdown,
    fault: 'a link to nothing',
    files: { 'README.md': '# One\n\n[two](two.md#part)\n' },
    says: "'two.md' leads nowhere",
  },
  {
    rule: markdown,
    fault: 'a page that is not here',
    files: { [core]: word('// See ABSENT', '.md.') },
    says: word('names ABSENT', '.md'),
  },
  { rule: sizeRatchet, fault: 'a long file', files: { [core]: lines(401) }, says: '401 lines; split it' },
  {
    rule: sizeRatchet,
    fault: 'a long function',
    files: { [core]: `export function a() {\n${lines(70)}}` },
    says: '#a: 72 lines',
  },
  {
    rule: sizeRatchet,
    fault: 'a long test',
    files: { [test]: `describe('all', () => {\nit('does much', () => {\n${lines(70)}})\n})` },
    says: '#does much: 72 lines',
  },
  {
    rule: sizeRatchet,
    fault: 'an exception that grew',
    files: { [core]: lines(402), [EXCEPTIONS_FILE]: `{ "${core}": 401 }` },
    says: 'grew from 401 to 402',
  },
  {
    rule: sizeRatchet,
    fault: 'an exception that shrank',
    files: { [core]: lines(402), [EXCEPTIONS_FILE]: `{ "${core}": 403 }` },
    says: 'shrank to 402',
  },
  {
    rule: sizeRatchet,
    fault: 'an exception that is not needed',
    files: { [EXCEPTIONS_FILE]: `{ "${core}": 401 }` },
    says: 'needs no exception any more',
  },
]

function plant({ files }: Planted): SourceTree {
  const tree = new Map(soundTree)
  for (const [path, text] of Object.entries(files)) {
    if (text === undefined) tree.delete(path)
    else tree.set(path, text)
  }
  return tree
}

describe('every rule can fail', () => {
  it.each(planted)('$rule.title: $fault', (fault) => {
    expect(fault.rule.check(plant(fault)).join('\n')).toContain(fault.says)
  })

  it.each(rules)('a tree without faults passes: $title', ({ check }) => {
    expect(check(soundTree)).toEqual([])
  })

  it('has a planted fault for every rule', () => {
    const proven = new Set(planted.map(({ rule }) => rule))
    expect(rules.filter((rule) => !proven.has(rule))).toEqual([])
  })
})
