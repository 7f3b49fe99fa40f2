/** `coffer count`: how many records match. */

import type { Command } from 'commander'
import { parseWhere, WHERE_HELP, WHERE_OPTION } from '../where.ts'
import { type Context, collected, type StoreChoice, usingStore, withStoreOptions } from './command.ts'

interface CountFlags extends StoreChoice {
  readonly where?: readonly string[]
}

/** Adds the command. */
export function addCountCommand(program: Command, context: Context): void {
  const command = program
    .command('count <collection>')
    .description('count the records that match')
    .option('--where <condition>', WHERE_OPTION, collected)
    .addHelpText('after', `\n${WHERE_HELP}\n\nExample:\n  coffer count resolutions --where decision=allow`)
  withStoreOptions(command).action(async (name: string, flags: CountFlags) => {
    const { definition } = context.project.catalog.find(name)
    const where = parseWhere(flags.where ?? [], definition)
    const count = await usingStore(context, flags, 'read', (store) =>
      store.collection(definition).count(where),
    )
    await context.terminal.out.line(String(count))
  })
}
