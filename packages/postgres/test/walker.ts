/** Walks over all records of a collection, in a process with a small heap, and says what it saw. */

import { createStore } from '@coffer/core'
import { postgres } from '../src/index.ts'
import { marks } from './marks.ts'

const [, , connectionString = '', schema = ''] = process.argv
const store = createStore({ backend: postgres({ connectionString, schema, migrate: 'verify' }) })
let records = 0
let bytes = 0
for await (const { text = '' } of store.collection(marks).iterate({})) {
  records += 1
  bytes += text.length
}
await store.close()
process.stdout.write(JSON.stringify({ records, bytes }))
