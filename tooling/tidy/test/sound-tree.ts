import type { SourceTree } from '../src/source-tree.ts'

/** A package.json that keeps the rules, with some fields changed. */
export function manifest(name: string, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    name: `@coffer/${name}`,
    version: '1.0.0',
    description: 'A package',
    license: 'MIT',
    type: 'module',
    engines: { node: '>=22' },
    sideEffects: false,
    files: ['dist'],
    exports: { '.': './src/index.ts' },
    publishConfig: {
      access: 'public',
      exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    },
    ...changes,
  })
}

/** A small workspace in which every rule holds. */
export const soundTree: SourceTree = new Map([
  ['README.md', '# One title\n\nSee [core](packages/core/README.md).\n\n```sh\n# not a title\n```\n'],
  ['package.json', '{ "name": "root", "private": true }'],
  ['pnpm-workspace.yaml', 'catalog:\n  vitest: ^5.0.0\n'],
  ['packages/core/README.md', '# Core\n'],
  ['packages/core/package.json', manifest('core', { devDependencies: { vitest: 'catalog:' } })],
  [
    'packages/core/src/index.ts',
    "/** The core. */\n\nexport { one } from './one.ts'\n\n/** Two. */\nexport const two = 2\n",
  ],
  ['packages/core/src/one.ts', '/** One. */\nexport function one(): number {\n  return 1\n}\n'],
  [
    'packages/core/test/one.test.ts',
    "import { expect, it } from 'vitest'\nimport { one } from '../src/one.ts'\n\nit('is one', () => expect(one()).toBe(1))\n",
  ],
  ['packages/memory/README.md', '# Memory\n'],
  ['packages/memory/package.json', manifest('memory', { dependencies: { '@coffer/core': 'workspace:*' } })],
  [
    'packages/memory/src/index.ts',
    "import { one } from '@coffer/core'\n\n/** Twice one. */\nexport const memory = () => one() * 2\n",
  ],
])
