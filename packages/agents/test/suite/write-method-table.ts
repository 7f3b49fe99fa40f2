/** Writes the table of methods into the README: `node packages/agents/test/suite/write-method-table.ts`. */

import { readFileSync, writeFileSync } from 'node:fs'
import { casesByMethod } from './cases.ts'
import { README, withMethodTable } from './method-table.ts'

writeFileSync(README, withMethodTable(readFileSync(README, 'utf8'), casesByMethod()))
