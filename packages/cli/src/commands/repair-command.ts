/** `coffer repair`: saves what can be read of a damaged directory. */

import { isHistoryName } from '@coffer/core/backend'
import type { RepairReport } from '@coffer/file'
import type { Command } from 'commander'
import { CommandError, EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import { oneLine } from '../output/table.ts'
import { refuseMissing } from '../store-location.ts'
import { type Context, withPlaceOptions } from './command.ts'

interface RepairFlags {
  readonly json?: true
}

/** Damaged places that are told one by one; all of them are counted. */
const MAX_TOLD = 20

/** Adds the command. */
export function addRepairCommand(program: Command, context: Context): void {
  const command = program
    .command('repair')
    .description('save what can be read of a damaged directory, and keep its files as they were')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nFor stores of type file. Every damaged line is a commit, or a record, that is\nlost. The files that were found are kept in a folder damaged-… of the directory.\nWithout damage nothing is changed. Exits with 1 when something was lost.\n\nExample:\n  coffer repair --store file:./data',
    )
  withPlaceOptions(command).action(async (flags: RepairFlags) => {
    context.exitCode = await repairStore(context, flags)
  })
}

async function repairStore(context: Context, flags: RepairFlags): Promise<number> {
  const config = context.project.storeConfig()
  if (!('type' in config) || config.type !== 'file') {
    throw new CommandError('only a store of type file can be repaired: --store file:./data')
  }
  refuseMissing(config)
  const { repair } = await import('@coffer/file')
  const report = await repair({ basePath: config.basePath })
  if (flags.json === true) await context.terminal.out.line(JSON.stringify(report, null, 2))
  else await tell(context, report)
  return report.damage.length === 0 ? EXIT.ok : EXIT.bad
}

async function tell({ terminal: { out } }: Context, { damage, saved, keptIn }: RepairReport): Promise<void> {
  if (damage.length === 0) {
    await out.line(`${out.styled('green', 'nothing is damaged')}; nothing was changed`)
    return
  }
  for (const { file, offset, what } of damage.slice(0, MAX_TOLD)) {
    await out.line(`${out.styled('red', 'lost')}  ${oneLine(file)} at byte ${offset}: ${what}`)
  }
  if (damage.length > MAX_TOLD) await out.line(`… and ${damage.length - MAX_TOLD} more`)
  const rows = Object.entries(saved).filter(([name]) => !isHistoryName(name))
  const total = rows.reduce((sum, [, count]) => sum + count, 0)
  await out.line(`${counted(total, 'record')} saved, of ${counted(rows.length, 'collection')}`)
  await out.line(`the files as they were: ${keptIn}`)
}
