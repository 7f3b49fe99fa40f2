/** Packs the built packages as `pnpm publish` would, without publishing. */

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Publishable } from './publishable.ts'

/** Packs every package into a folder and answers the tarballs by package name. */
export function packAll(packages: readonly Publishable[], folder: string): ReadonlyMap<string, string> {
  for (const each of packages) pnpm(['pack', '--pack-destination', folder], each.folder)
  const files = readdirSync(folder)
  return new Map(
    packages.map(({ name, version }) => {
      const file = `${name.slice(1).replace('/', '-')}-${version}.tgz`
      if (!files.includes(file)) throw new Error(`${name}: packing made no ${file}`)
      return [name, join(folder, file)]
    }),
  )
}

/** Runs the pnpm that runs this script, or the one that npx finds. It may be a binary or a script. */
function pnpm(commandLine: readonly string[], folder: string): void {
  const running = process.env.npm_execpath ?? ''
  const [program, first]: [string, readonly string[]] = !/pnpm/.test(running)
    ? ['npx', ['-y', 'pnpm@12']]
    : /\.[cm]?js$/.test(running)
      ? [process.execPath, [running]]
      : [running, []]
  execFileSync(program, [...first, ...commandLine], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
}
