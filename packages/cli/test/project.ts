/** A config file with a collection and a log of its own. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { folder } from './command.ts'

const CORE = fileURLToPath(new URL('../../core/src/index.ts', import.meta.url))
const ZOD = fileURLToPath(new URL('../node_modules/zod/index.js', import.meta.url))

/** Modules are kept by their names, so every test's file has another. */
let written = 0

/** Writes a config file. @returns its name, which is `coffer.config.ts` for the one that is found by itself */
export function projectFile(text: string = DEFINITIONS, name = 'coffer.config.ts'): string {
  const definitions = `definitions-${++written}.ts`
  const imports = `import { defineCollection, defineLog, defineModule } from ${JSON.stringify(CORE)}
import * as z from ${JSON.stringify(ZOD)}
`
  writeFileSync(join(folder, definitions), imports + text)
  const isDefault = text.includes('export default')
  writeFileSync(
    join(folder, name),
    `export * from './${definitions}'\n${isDefault ? `export { default } from './${definitions}'\n` : ''}`,
  )
  return name
}

/** A collection with members of every kind, and a log. */
export const DEFINITIONS = `
const things = defineCollection({
  name: 'things',
  schema: z.object({
    key: z.string(),
    text: z.string(),
    flag: z.boolean().optional(),
    count: z.int().optional(),
    ratio: z.number().optional(),
    at: z.iso.datetime().optional(),
    choice: z.enum(['a', 'b']).nullish(),
    tags: z.array(z.string()).optional(),
    more: z.record(z.string(), z.json()).optional(),
    any: z.json().optional(),
    parent: z.string().optional(),
  }),
  key: 'key',
  fields: { count: 'index' },
  references: { parent: { collection: 'things' } },
})
const steps = defineLog({
  name: 'steps',
  schema: z.object({ run: z.string(), at: z.int(), hash: z.string(), before: z.string(), what: z.string() }),
  chain: { stream: 'run', sequence: 'at', hash: 'hash', previous: 'before' },
})
export const collections = [things]
export const logs = [steps]
`
