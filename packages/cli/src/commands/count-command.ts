/** `coffer count`: how many records match. */

import type { Command } from 'commander'
import { parseWhere, WHERE_HELP, WHERE_OPTION } from '../where.ts'
import { type Context, collected, readingStore, type StoreChoice, withStoreOptions } from './command.ts'

interface CountFlags extends StoreChoice {
  readonly where?: readonly string[]
  readonly json?: true
}

/** Adds the command. */
export function addCountCommand(program: Command, context: Context): void {
  const command = program
    .command('count <collection>')
    .description('count the records that match')
    .option('--where <condition>', WHERE_OPTION, collected)
    .option('--json', 'print { collection, count } as JSON')
    .addHelpText('after', `\n${WHERE_HELP}\n\nExample:\n  coffer count resolutions --where decision=allow`)
  withStoreOptions(command).action(async (name: string, flags: CountFlags) => {
    const { definition } = context.project.catalog.find(name)
    const where = parseWhere(flags.where ?? [], definition)
    const count = await readingStore(context, flags, (store) => store.collection(definition).count(where))
    const report =
      flags.json === true ? JSON.stringify({ collection: definition.name, count }) : String(count)
    await context.terminal.out.line(report)
  })
}
