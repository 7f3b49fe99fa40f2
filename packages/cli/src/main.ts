#!/usr/bin/env -S node --max-semi-space-size=8
/**
 * The `coffer` command. Moving millions of rows makes much short-lived garbage, for which V8 would take over 100 MB
 * more than it needs.
 */

import { terminalOf } from './output/terminal.ts'
import { runCommand } from './program.ts'

process.exitCode = await runCommand(process.argv.slice(2), terminalOf(process))
