/** A process of its own, with the rights of somebody else, that opens a database; started by `opening.test.ts`. */

import { sqlite } from '../src/index.ts'
import { NOTES } from './layouts.ts'

const [path = '', kind] = process.argv.slice(2)

const backend = sqlite({ path, readOnly: kind === 'reading' })
const said = await backend.open([NOTES]).then(
  () => 'opened',
  (error: unknown) => `${backend.errorCode(error)}: ${error instanceof Error ? error.message : error}`,
)
console.log(said)
await backend.close()
