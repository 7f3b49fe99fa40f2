#!/usr/bin/env node
/** The `coffer` command. */

import { terminalOf } from './output/terminal.ts'
import { runCommand } from './program.ts'

process.exitCode = await runCommand(process.argv.slice(2), terminalOf(process))
