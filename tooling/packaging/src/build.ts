/**
 * `pnpm build`: compiles every published package into its `dist`, JavaScript and declarations by one
 * compiler. Nothing is bundled: the files stay as they are, and `./x.ts` in an import becomes `./x.js`.
 *
 * A package is compiled against the declarations of those built before it, so what is published is what was
 * checked.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Publishable, publishablePackages, ROOT } from './publishable.ts'

const COMPILER = join(ROOT, 'node_modules', '.bin', 'tsc')

/** A specifier that names a source. The compiler rewrites it in JavaScript, but not in declarations. */
const SOURCE_IMPORT = /((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]*)\.ts(?=['"])/g

/** Empties `dist` of every package and fills it anew. Throws when a package does not compile. */
export function buildAll(packages: readonly Publishable[]): void {
  for (const each of packages) build(each, packages)
}

function build(each: Publishable, packages: readonly Publishable[]): void {
  const output = join(each.folder, 'dist')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output)
  const config = join(output, 'tsconfig.json')
  writeFileSync(config, JSON.stringify(configOf(each, packages, output)))
  try {
    execFileSync(COMPILER, ['-p', config], { stdio: ['ignore', 'inherit', 'inherit'] })
  } finally {
    rmSync(config)
  }
  rewriteDeclarations(output)
  checkOutput(each, output)
}

function configOf(each: Publishable, packages: readonly Publishable[], output: string): object {
  const toOutput = (path: string) => relative(output, path)
  const builtBefore = packages.slice(0, packages.indexOf(each))
  return {
    extends: toOutput(join(ROOT, 'tooling', 'tsconfig.base.json')),
    compilerOptions: {
      rootDir: '../src',
      outDir: '.',
      declaration: true,
      paths: Object.fromEntries(
        builtBefore.flatMap(({ name, folder, publishConfig }) =>
          Object.entries(publishConfig.exports).map(([door, { types }]) => [
            join(name, door),
            [toOutput(join(folder, types))],
          ]),
        ),
      ),
    },
    include: ['../src'],
  }
}

/** Makes the declarations import what is published, `./x.js`, as the code beside them does. */
function rewriteDeclarations(output: string): void {
  for (const path of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.d.ts')) continue
    const text = readFileSync(join(output, path), 'utf8')
    writeFileSync(join(output, path), text.replace(SOURCE_IMPORT, '$1.js'))
  }
}

function checkOutput(each: Publishable, output: string): void {
  for (const { types, default: code } of Object.values(each.publishConfig.exports)) {
    for (const path of [types, code]) {
      if (!existsSync(join(each.folder, path))) throw new Error(`${each.name}: the build made no ${path}`)
    }
  }
  for (const path of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:js|ts)$/.test(path)) continue
    const text = readFileSync(join(output, path), 'utf8')
    if (text.search(SOURCE_IMPORT) >= 0) throw new Error(`${each.name}: dist/${path} imports a .ts file`)
  }
}

if (import.meta.main) buildAll(publishablePackages())
