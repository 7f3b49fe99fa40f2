/** A process of its own that opens stores as it is told, started by `opening-processes.test.ts`. */

import { flushCompileCache } from 'node:module'
import type { Layout, PostgresOptions } from '@coffer/core/backend'
import { postgres } from '../src/index.ts'

/** What is to be opened. */
export interface Opening {
  readonly options: PostgresOptions
  readonly layouts: readonly Layout[]
}

process.on('message', async ({ options, layouts }: Opening) => {
  const backend = postgres(options)
  try {
    const awaiting = await backend.open(layouts)
    process.send?.(`opened, awaiting ${awaiting.join()}`)
  } catch (error) {
    process.send?.(`${error}`)
  } finally {
    await backend.close()
  }
})
// What the start has compiled, for those that start later.
flushCompileCache()
process.send?.('ready')
