/** The command `pnpm faults`. */

import { runFaults } from './program.ts'
import { rigs } from './rigs.ts'

process.exitCode = await runFaults(process.argv.slice(2), rigs, process)
