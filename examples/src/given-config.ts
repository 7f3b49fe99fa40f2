/** The config that an example is given: the file that its first argument names, as `createStore` takes it. */

import { readFileSync } from 'node:fs'
import type { StoreConfig } from '@coffer/core'

/** The config of the store; in memory without an argument. */
export function givenConfig(): StoreConfig {
  const [, , file] = process.argv
  return file === undefined ? { type: 'memory' } : JSON.parse(readFileSync(file, 'utf8'))
}
