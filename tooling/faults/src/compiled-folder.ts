/** What the processes of rigs have compiled, so that the next starts sooner. */

import { fileURLToPath } from 'node:url'

/** For the variable `NODE_COMPILE_CACHE` of such a process. It stays, and a later run starts sooner, too. */
export const compiledFolder: string = fileURLToPath(
  new URL('../node_modules/.cache/compiled', import.meta.url),
)
