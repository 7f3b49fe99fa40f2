/** The packages that are published, in an order in which each comes after those it needs. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..', '..')

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  exports: z.record(z.string(), z.string()),
  publishConfig: z.object({
    exports: z.record(z.string(), z.object({ types: z.string(), default: z.string() })),
  }),
})

/** A package that is published. */
export interface Publishable extends z.output<typeof manifestSchema> {
  /** Its folder, as an absolute path. */
  readonly folder: string
}

/** Reads `packages/` and puts what is needed before what needs it. */
export function publishablePackages(): readonly Publishable[] {
  const parent = join(ROOT, 'packages')
  const waiting = readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({
      ...manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))),
      folder,
    }))
  const names = new Set(waiting.map(({ name }) => name))
  const ordered: Publishable[] = []
  while (waiting.length > 0) {
    const ready = waiting.findIndex(({ dependencies }) =>
      Object.keys(dependencies).every(
        (name) => !names.has(name) || ordered.some((done) => done.name === name),
      ),
    )
    if (ready < 0) throw new Error(`a cycle among ${waiting.map(({ name }) => name).join(', ')}`)
    ordered.push(...waiting.splice(ready, 1))
  }
  return ordered
}
