/** Which release of Coffer this is. */

import { readFileSync } from 'node:fs'

/** The version of this package, which is the one of all. */
export const release: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version
