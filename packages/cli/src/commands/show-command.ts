/** `coffer show`: one record whole, or one trace event by event. */

import { type TraceEvent, traceEvents } from '@coffer/agents'
import { type BaseStore, canonicalJson } from '@coffer/core'
import type { Command } from 'commander'
import type { Listed } from '../catalog.ts'
import { CommandError, EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import { recordJson } from '../output/record-json.ts'
import { layOut } from '../output/table.ts'
import { type Context, readingStore, type StoreChoice, withStoreOptions } from './command.ts'

interface ShowFlags extends StoreChoice {
  readonly json?: true
}

/** Events that are read and laid out together, so that memory stays constant. */
const TABLE_EVENTS = 1_000

/** Adds the command. */
export function addShowCommand(program: Command, context: Context): void {
  const command = program
    .command('show <collection> <key>')
    .description('show one record; show trace <id> shows a trace')
    .option('--json', 'print one line of JSON, for a trace one per event')
    .addHelpText(
      'after',
      `
Examples:
  coffer show sessions session-1
  coffer show trace session-1`,
    )
  withStoreOptions(command).action(async (name: string, key: string, flags: ShowFlags) => {
    const listed = name === 'trace' ? undefined : context.project.catalog.find(name)
    await readingStore(context, flags, async (store) => {
      if (listed === undefined) await showTrace(context, store, key, flags)
      else
        await showRecord(context, await store.collection(listed.definition).getEntry(key), listed, key, flags)
    })
  })
}

async function showRecord(
  { terminal }: Context,
  entry: { readonly record: unknown; readonly version: number } | undefined,
  { definition }: Listed,
  key: string,
  flags: ShowFlags,
): Promise<void> {
  const { out } = terminal
  if (entry === undefined)
    throw new CommandError(`${definition.name}: there is no record '${key}'`, EXIT.bad, 'NOT_FOUND')
  if (flags.json === true) return out.line(recordJson(entry.record, definition))
  await out.line(visible(recordJson(entry.record, definition, 2)))
  await out.line(out.styled('dim', `version ${entry.version}`))
}

/** JSON escapes most of what steers a terminal, but not these. */
function visible(json: string): string {
  return json.replaceAll(/[\u007f-\u009f\p{Cf}]/gu, (control) => {
    return `\\u${control.codePointAt(0)?.toString(16).padStart(4, '0')}`
  })
}

async function showTrace(
  { terminal }: Context,
  store: BaseStore,
  traceId: string,
  flags: ShowFlags,
): Promise<void> {
  const { out } = terminal
  let events = 0
  let page: TraceEvent[] = []
  const print = async () => {
    for (const line of traceTable(page, out.width)) await out.line(line)
    page = []
  }
  for await (const event of store.log(traceEvents).iterate(traceId, { limit: TABLE_EVENTS })) {
    events++
    if (flags.json === true) await out.line(recordJson(event, traceEvents.entries))
    else if (page.push(event) === TABLE_EVENTS) await print()
  }
  if (events === 0) throw new CommandError(`there is no trace '${traceId}'`, EXIT.bad, 'NOT_FOUND')
  if (flags.json === true) return
  if (page.length > 0) await print()
  await out.line(out.styled('dim', counted(events, 'event')))
}

function traceTable(events: readonly TraceEvent[], width: number): string[] {
  const columns = [
    { title: '#', align: 'right' as const },
    { title: 'time' },
    { title: 'event' },
    { title: 'content' },
  ]
  const rows = events.map((event) => [
    String(event.sequence),
    event.timestamp.slice(11, 23),
    event.event_type,
    summaryOf(event.payload),
  ])
  return layOut(columns, rows, width)
}

/** What a person wants to see of a payload at a glance. */
function summaryOf(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null)
    return payload === undefined ? '' : canonicalJson(payload)
  const { content, name, arguments: given } = payload as Record<string, unknown>
  if (typeof name === 'string' && given !== undefined) return `${name} ${canonicalJson(given)}`
  if (typeof content === 'string') return typeof name === 'string' ? `${name}: ${content}` : content
  return content === null ? '' : canonicalJson(content ?? payload)
}
