/** The command `coffer`: its subcommands, its help, and what becomes of failures. */

import { Command, CommanderError, Help } from 'commander'
import type { Context } from './commands/command.ts'
import { addCountCommand } from './commands/count-command.ts'
import { addExportCommand } from './commands/export-command.ts'
import { addImportCommand } from './commands/import-command.ts'
import { addListCommand } from './commands/list-command.ts'
import { addRepairCommand } from './commands/repair-command.ts'
import { addShowCommand } from './commands/show-command.ts'
import { addVerifyCommand } from './commands/verify-command.ts'
import { EXIT, exitCodeOf, sentenceOf } from './failure.ts'
import type { Output, Terminal } from './output/terminal.ts'

const HELP = `
Stores:
  sqlite:./agents.db   a path that ends in .db or .sqlite means the same
  file:./data          a directory of its own; where it is there, its path
                       alone means the same
  postgresql://user@host:5432/database
                       or postgres://; ?schema=name says which schema (default:
                       coffer), all other parameters are the driver's
  memory:
  coffer.config.json   or .ts, .js: { "type": "sqlite", "path": "agents.db" }

Exit codes:
  0  all is well
  1  something was bad: a line, a trace, a record that is not there, the store
  2  the command or the config was not understood
  130  interrupted

Examples:
  coffer import runs.jsonl --store sqlite:./agents.db
  coffer ls sessions --store agents.db --limit 5
  coffer verify --store agents.db

COFFER_STORE names the store for all commands. A password on a command line is
seen by others on the machine: put it into COFFER_STORE, or into PGPASSWORD or
~/.pgpass. COFFER_DEBUG=1 shows where a failure comes from.`

/** Runs the command with these arguments. @returns the exit code; failures are told, never thrown */
export async function runCommand(commandLine: readonly string[], terminal: Terminal): Promise<number> {
  const context: Context = { terminal, exitCode: EXIT.ok }
  try {
    await program(context).parseAsync(commandLine, { from: 'user' })
    return context.exitCode
  } catch (error) {
    // Commander has told it already, unless it was only asked for help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    await terminal.err.line(wrapped(`coffer: ${sentenceOf(error, terminal.environment)}`, terminal.err))
    return exitCodeOf(error)
  }
}

/** Breaks lines at spaces to the width of where they go. A stack stays as it is. */
function wrapped(text: string, output: Output): string {
  return /\n {4}at /.test(text) ? text : new Help().boxWrap(text, output.width)
}

function program(context: Context): Command {
  const { out, err } = context.terminal
  const root = new Command('coffer')
    .description('Look into the stores of agents, and fill them.')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => out.stream.write(text),
      writeErr: (text) => err.stream.write(text),
      outputError: (text, write) => write(wrapped(text.replace(/^error: /, 'coffer: '), err)),
      getOutHelpWidth: () => out.width,
      getErrHelpWidth: () => err.width,
    })
    .addHelpText('after', HELP)
  for (const add of [
    addImportCommand,
    addListCommand,
    addShowCommand,
    addCountCommand,
    addExportCommand,
    addVerifyCommand,
    addRepairCommand,
  ]) {
    add(root, context)
  }
  return root
}
