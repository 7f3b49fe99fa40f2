/** The command `coffer`: its subcommands, its help, and what becomes of failures. */

import { fileFailure, release } from '@coffer/backup'
import { Command, CommanderError, Help } from 'commander'
import { addBackupCommand } from './commands/backup-command.ts'
import { addBackupsCommand } from './commands/backups-command.ts'
import { addBenchCommand } from './commands/bench-command.ts'
import { addCleanupCommand } from './commands/cleanup-command.ts'
import type { Context } from './commands/command.ts'
import { addCopyCommand } from './commands/copy-command.ts'
import { addCountCommand } from './commands/count-command.ts'
import { addDoctorCommand } from './commands/doctor-command.ts'
import { addExportCommand } from './commands/export-command.ts'
import { addHealthCommand } from './commands/health-command.ts'
import { addImportCommand } from './commands/import-command.ts'
import { addInitCommand } from './commands/init-command.ts'
import { addListCommand } from './commands/list-command.ts'
import { addMigrateCommand } from './commands/migrate-command.ts'
import { addRepairCommand } from './commands/repair-command.ts'
import { addRestoreCommand } from './commands/restore-command.ts'
import { addShowCommand } from './commands/show-command.ts'
import { addStatusCommand } from './commands/status-command.ts'
import { addVerifyCommand } from './commands/verify-command.ts'
import { CommandError, EXIT, exitCodeOf, failureJson, sentenceOf, withoutAddresses } from './failure.ts'
import type { Output, Terminal } from './output/terminal.ts'
import { loadProject, NO_PROJECT } from './project.ts'

const HELP = `
Stores:
  sqlite:./agents.db   a path that ends in .db or .sqlite means the same
  file:./data          a directory of its own; where it is there, its path
                       alone means the same
  postgresql://user@host:5432/database
                       or postgres://; ?schema=name says which schema (default:
                       coffer), all other parameters are the driver's
  memory:              gone when the command ends
  coffer.config.json   { "type": "sqlite", "path": "agents.db" }
  coffer.config.ts     or .js, .mjs: the same as its default export, and, if you
                       like, collections, logs and modules of your own by these
                       names, as defineCollection, defineLog and createStore
                       have them
The store is the one of --store, else of COFFER_STORE, else of the config file
in this folder or of --config, else of DATABASE_URL, or STATE_STORE_TYPE with
DATABASE_PATH or DATABASE_HOST and its neighbours. What a config file defines
counts whatever names the store.

Exit codes:
  0  all is well
  1  something was bad: a line, a trace, a record that is not there, the store
  2  the command or the config was not understood
  130  interrupted

Examples:
  coffer init --store sqlite:./agents.db
  coffer import runs.jsonl
  coffer ls sessions --limit 5
  coffer migrate --dry-run

A password on a command line is seen by others on the machine: put it into
COFFER_STORE, or into PGPASSWORD or ~/.pgpass. COFFER_DEBUG=1 shows where a
failure comes from.`

/** The commands, by what somebody comes for. */
const GROUPS: Readonly<Record<string, readonly ((program: Command, context: Context) => void)[]>> = {
  'Look into a store:': [addStatusCommand, addListCommand, addShowCommand, addCountCommand, addVerifyCommand],
  'Move records:': [addImportCommand, addExportCommand],
  'Keep a store safe:': [addBackupCommand, addRestoreCommand, addBackupsCommand, addCopyCommand],
  'Operate a store:': [
    addInitCommand,
    addMigrateCommand,
    addCleanupCommand,
    addHealthCommand,
    addDoctorCommand,
    addBenchCommand,
    addRepairCommand,
  ],
}

/** Runs the command with these arguments. @returns the exit code; failures are told, never thrown */
export async function runCommand(commandLine: readonly string[], terminal: Terminal): Promise<number> {
  const context: Context = { terminal, project: NO_PROJECT, exitCode: EXIT.ok }
  try {
    await program(context).parseAsync(commandLine, { from: 'user' })
    return context.exitCode
  } catch (thrown) {
    const error = fileFailure(thrown)
    const isRefused = error instanceof CommanderError
    if (isRefused && error.exitCode === 0) return EXIT.ok
    if (asksForJson(commandLine)) {
      const failure = isRefused ? refusalOf(error) : error
      await terminal.out.line(failureJson(failure, terminal.environment))
    }
    // Commander has told it already.
    if (isRefused) return EXIT.usage
    await terminal.err.line(wrapped(`coffer: ${sentenceOf(error, terminal.environment)}`, terminal.err))
    return exitCodeOf(error)
  }
}

/** True also where the command line was not understood. */
function asksForJson(commandLine: readonly string[]): boolean {
  return commandLine.slice(0, [...commandLine, '--'].indexOf('--')).includes('--json')
}

function refusalOf({ message }: CommanderError): CommandError {
  return new CommandError(withoutAddresses(message.replace(/^error: /, '')))
}

/** Breaks lines at spaces to the width of where they go. A stack stays as it is. */
function wrapped(text: string, output: Output): string {
  return /\n {4}at /.test(text) ? text : new Help().boxWrap(text, output.width)
}

function program(context: Context): Command {
  const { out, err } = context.terminal
  const root = new Command('coffer')
    .description('Look into the stores of agents, fill them and operate them.')
    .version(release, '-V, --version', 'tell which release this is')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => out.stream.write(text),
      writeErr: (text) => err.stream.write(text),
      outputError: (text, write) =>
        write(wrapped(`coffer: ${withoutAddresses(text.replace(/^error: /, ''))}`, err)),
      getOutHelpWidth: () => out.width,
      getErrHelpWidth: () => err.width,
    })
    .addHelpText('after', HELP)
  root.hook('preAction', async (_root, command) => {
    // Some commands are about no store.
    if (!command.options.some(({ long }) => long === '--config')) return
    context.project = await loadProject(command.opts(), context.terminal.environment)
  })
  for (const [heading, commands] of Object.entries(GROUPS)) {
    root.commandsGroup(heading)
    for (const add of commands) add(root, context)
  }
  return root.commandsGroup('Help:').helpCommand('help [command]', 'tell about a command')
}
