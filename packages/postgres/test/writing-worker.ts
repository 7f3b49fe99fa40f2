/** A process of its own that writes marks as it is told, started by `cached-stores.test.ts`. */

import { createStore } from '@coffer/core'
import type { PostgresOptions } from '@coffer/core/backend'
import { postgres } from '../src/index.ts'
import { type Mark, marks } from './marks.ts'

/** What is to be written. */
export interface Writing {
  readonly options: PostgresOptions
  readonly mark: Mark
}

process.on('message', async ({ options, mark }: Writing) => {
  await using store = createStore({ backend: postgres(options) })
  await store.collection(marks).put(mark)
  process.send?.('written')
})
process.send?.('ready')
