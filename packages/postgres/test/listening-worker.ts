/** A process that listens, closes nothing and has nothing else to do, started by `listener.test.ts`. */

import { postgres } from '../src/index.ts'
import { NOTES } from './layouts.ts'

const [, , connectionString = '', schema = ''] = process.argv
const backend = postgres({ connectionString, schema, migrate: 'verify' })
await backend.open([NOTES])
const untilItListens = setTimeout(() => undefined, 10_000)
backend.watch?.(() => {
  process.stdout.write('listening')
  clearTimeout(untilItListens)
})
