#!/usr/bin/env -S node --max-semi-space-size=4
/**
 * The `coffer` command. Moving millions of rows makes much short-lived garbage, for which V8 would take twice the
 * memory that the work needs.
 */

import { setFlagsFromString } from 'node:v8'
import { terminalOf } from './output/terminal.ts'
import { runCommand } from './program.ts'

// The heap may double before it is cleared: what it really holds has no bound but V8's own.
setFlagsFromString('--heap-growing-percent=100')

process.exitCode = await runCommand(process.argv.slice(2), terminalOf(process))
