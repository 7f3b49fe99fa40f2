/** `coffer export`: everything as canonical JSON lines. */

import { exportLines } from '@coffer/core'
import type { Command } from 'commander'
import { findListed } from '../catalog.ts'
import { type Context, collected, type StoreChoice, usingStore, withStoreOptions } from './command.ts'

interface ExportFlags extends StoreChoice {
  readonly collection?: readonly string[]
}

/** Adds the command. */
export function addExportCommand(program: Command, context: Context): void {
  const command = program
    .command('export')
    .description('print every record as canonical JSON lines')
    .option('--collection <name>', 'only this one; repeatable', collected)
    .addHelpText(
      'after',
      `
Two stores with the same records give the same bytes, whatever their backends.

Example:
  coffer export --collection sessions > sessions.jsonl`,
    )
  withStoreOptions(command).action(async (flags: ExportFlags) => {
    const names = flags.collection?.map((name) => findListed(name).definition.name)
    await usingStore(context, flags, 'read', async (store) => {
      for await (const line of exportLines(store, names)) await context.terminal.out.line(line)
    })
  })
}
