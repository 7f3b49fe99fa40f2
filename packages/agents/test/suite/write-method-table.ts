/** `pnpm agent-methods`: writes the table of methods into the README. */

import { readFileSync, writeFileSync } from 'node:fs'
import { casesByMethod } from './cases.ts'
import { README, withMethodTable } from './method-table.ts'

writeFileSync(README, withMethodTable(readFileSync(README, 'utf8'), casesByMethod()))
