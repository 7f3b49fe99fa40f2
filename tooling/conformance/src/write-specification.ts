/** `pnpm specification`: writes SPEC.md from the suite's clauses. */

import { writeFileSync } from 'node:fs'
import { specification } from './specification.ts'

writeFileSync(new URL('../../../SPEC.md', import.meta.url), specification())
