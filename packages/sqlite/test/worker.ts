/** A process of its own that opens a database and writes, started by `processes.test.ts`. */

import { setTimeout as pause } from 'node:timers/promises'
import { sqlite } from '../src/index.ts'
import { AT, group, NOTES, put } from './layouts.ts'

const [path = '', name = '', count = '0'] = process.argv.slice(2)

const backend = sqlite({ path, durability: 'none', busyTimeoutMs: 60_000 })
await backend.open([NOTES])
for (let index = 0; index < Number(count); index++) {
  const outcomes = await backend.write([group(put('shared'), put(`${name}-${index}`))], AT)
  if (!outcomes.every((outcome) => outcome.ok)) throw new Error('a write was refused')
  // Lets the other process have its turn.
  await pause(0)
}
await backend.close()
