/** A process of its own that opens a database with a changed definition, started by `migrating.test.ts`. */

import { createStore } from '@coffer/core'
import { sqlite } from '../src/index.ts'
import { CHANGES } from './people.ts'

const [path = '', change = ''] = process.argv.slice(2)

const store = createStore({ backend: sqlite({ path }) })
store.collection(change === 'added' ? CHANGES.added : CHANGES.rebuilt)
console.log('begun')
await store.open()
await store.close()
