/** `coffer ls`: what is in a store, and the records of one collection. */

import type { BaseStore, FindOptions, Place } from '@coffer/core'
import { isHistoryName } from '@coffer/core/backend'
import { type Command, InvalidArgumentError } from 'commander'
import type { Listed } from '../catalog.ts'
import { counted, grouped } from '../output/numbers.ts'
import { recordJson } from '../output/record-json.ts'
import { recordTable } from '../output/record-table.ts'
import { layOut } from '../output/table.ts'
import { parseOrder, parseWhere, WHERE_HELP, WHERE_OPTION } from '../where.ts'
import {
  type Context,
  collected,
  readingStore,
  refuseEmpty,
  type StoreChoice,
  usingPlace,
  withStoreOptions,
} from './command.ts'

interface ListFlags extends StoreChoice {
  readonly where?: readonly string[]
  readonly order?: string
  readonly limit: number
  readonly json?: true
}

const PAGE = 1_000

/** Adds the command. */
export function addListCommand(program: Command, context: Context): void {
  const command = program
    .command('ls [collection]')
    .description('list the collections, or the records of one')
    .option('--where <condition>', WHERE_OPTION, collected)
    .option('--order <field>', 'field or field:desc, several by commas; default: by key')
    .option('--limit <n>', 'how many records, or all', parseLimit, 20)
    .option('--json', 'print JSON lines')
    .addHelpText(
      'after',
      `
${WHERE_HELP}

Examples:
  coffer ls
  coffer ls resolutions --where agent_id=support --order created_at:desc
  coffer ls sessions --where 'created_at>=2026-03-01T00:00:00Z' --limit all
  coffer ls memory_entries --where 'content_words~=refund' --where tags~=vip`,
    )
  withStoreOptions(command).action(async (name: string | undefined, flags: ListFlags) => {
    if (name === undefined) {
      await usingPlace(context, 'read', (place, store) => listCollections(context, place, store, flags))
      return
    }
    const listed = context.project.catalog.find(name)
    await readingStore(context, flags, (store) => listRecords(context, store, listed, flags))
  })
}

function parseLimit(text: string): number {
  if (text === 'all') return Infinity
  const limit = Number(text)
  if (Number.isInteger(limit) && limit > 0) return limit
  throw new InvalidArgumentError('It must be a whole number above 0, or all.')
}

/** A line of the list: what is defined, and what the store has beside it. */
interface ListedRow {
  readonly name: string
  readonly kind: 'collection' | 'log' | 'unknown'
  /** Of what is unknown rows of all tenants in whatever state; `null` where nobody knows. */
  readonly records: number | null
  readonly streams?: number | undefined
  /** What a person should know of it. */
  readonly remark?: string
}

async function listCollections(
  { terminal, project }: Context,
  place: Place,
  store: BaseStore,
  flags: ListFlags,
): Promise<void> {
  const { out } = terminal
  const names = (await place.layouts()).map(({ layout }) => layout.name)
  refuseEmpty(names)
  const bound = flags.tenant === undefined ? store : store.tenant(flags.tenant)
  const rows: ListedRow[] = []
  for (const listed of project.catalog.listed) rows.push(await lineOf(bound, listed, names))
  const unknown = names.filter(
    (name) => !project.catalog.owns(name) && !name.startsWith('coffer_') && !isHistoryName(name),
  )
  rows.push(...(await unknownRows(place, unknown)))
  if (flags.json === true) {
    for (const row of rows) await out.line(JSON.stringify(row))
    return
  }
  const columns = [
    { title: 'name' },
    { title: 'kind' },
    { title: 'records', align: 'right' as const },
    { title: '' },
  ]
  const cells = rows.map(({ name, kind, records, streams, remark }) => [
    name,
    kind,
    records === null ? '-' : grouped(records),
    remark ?? (streams === undefined ? '' : `in ${counted(streams, 'stream')}`),
  ])
  const [head = '', ...body] = layOut(columns, cells, out.width)
  await out.line(out.styled('dim', head))
  for (const line of body) await out.line(line)
}

async function lineOf(
  store: BaseStore,
  { definition, log }: Listed,
  held: readonly string[],
): Promise<ListedRow> {
  const { name } = definition
  const kind = log === undefined ? 'collection' : 'log'
  if (!held.includes(name)) return { name, kind, records: null, remark: 'no table: coffer migrate' }
  const records = await store.collection(definition).count()
  const streams = log === undefined ? undefined : await store.collection(log.heads).count()
  return { name, kind, records, streams }
}

/** What others have defined who use the same place. */
async function unknownRows(place: Place, names: readonly string[]): Promise<ListedRow[]> {
  if (names.length === 0) return []
  const { sizes = [] } = (await place.inspect()) ?? {}
  return names.map((name) => ({
    name,
    kind: 'unknown',
    records: sizes.find(({ layout }) => layout === name)?.rows ?? null,
    remark: 'not defined here',
  }))
}

async function listRecords(
  context: Context,
  store: BaseStore,
  listed: Listed,
  flags: ListFlags,
): Promise<void> {
  const { out } = context.terminal
  const { definition } = listed
  const where = parseWhere(flags.where ?? [], definition)
  const options: FindOptions = {
    where,
    orderBy: flags.order === undefined ? undefined : parseOrder(flags.order),
    limit: Math.min(flags.limit, PAGE),
  }
  const collection = store.collection(definition)
  if (flags.json === true) {
    for await (const record of first(collection.iterate(options), flags.limit)) {
      await out.line(recordJson(record, definition))
    }
    return
  }
  const page: unknown[] = []
  let shown = 0
  for await (const record of first(collection.iterate(options), flags.limit)) {
    page.push(record)
    shown++
    if (page.length === PAGE) await printTable(context, listed, page.splice(0))
  }
  if (page.length > 0) await printTable(context, listed, page)
  const all = await collection.count(where)
  const more = all > shown ? '; --limit all shows the rest' : ''
  await out.line(
    out.styled('dim', `${grouped(shown)} of ${counted(all, 'record')}${more}; --json shows all fields`),
  )
}

async function printTable({ terminal }: Context, listed: Listed, records: readonly unknown[]): Promise<void> {
  const { out } = terminal
  const [head = '', ...body] = recordTable(listed, records, out.width)
  await out.line(out.styled('dim', head))
  for (const line of body) await out.line(line)
}

async function* first<T>(items: AsyncIterable<T>, limit: number): AsyncGenerator<T> {
  let left = limit
  for await (const item of items) {
    yield item
    if (--left <= 0) return
  }
}
